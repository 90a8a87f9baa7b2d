"""A generated portfolio with stated storylines, and the loader that sends it through the public API."""
