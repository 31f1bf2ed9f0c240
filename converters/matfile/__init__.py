"""The container: MAT-files of every level to neutral values and back. Knows nothing of layers."""

from .file import MatFile, open_mat
from .limits import DEFAULT_LIMITS, Limits
from .reader import Header, VariableInfo

__all__ = ["DEFAULT_LIMITS", "Header", "Limits", "MatFile", "VariableInfo", "open_mat"]
