"""Loads of real data, independent checks and stress runs against a running stack."""
