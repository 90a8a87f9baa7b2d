"""Tests of the demo generator and the API client."""
