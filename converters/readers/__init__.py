"""Finders of layers and networks in the values of a file, one module per way of saving them."""
