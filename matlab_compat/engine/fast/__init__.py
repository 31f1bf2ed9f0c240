"""Faster forms of the modules for inference on a CPU; without them the results are the same."""
