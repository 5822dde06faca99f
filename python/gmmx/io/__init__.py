"""Model files and data files: what reads and writes them, without a fit."""
