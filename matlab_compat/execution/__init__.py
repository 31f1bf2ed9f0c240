"""Layers and networks are run: the one place where descriptions meet tensors."""
