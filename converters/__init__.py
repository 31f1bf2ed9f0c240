"""Files to neutral values and objects, and back."""

from converters.matfile import MatFile, open_mat

__all__ = ["MatFile", "open_mat"]
