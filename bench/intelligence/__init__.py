"""The trainers we are compared with, on the same rows: matrices, peers, metrics, bars. README.md has the file formats."""
