"""Mutation fuzzing of the MAT-file readers: ``python -m tests.fuzz --help``."""
