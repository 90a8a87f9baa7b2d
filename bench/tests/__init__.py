"""Tests of the arithmetic of the bench scripts."""
