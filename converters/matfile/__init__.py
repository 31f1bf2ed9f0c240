"""The container: MAT-files of every level to neutral values and back. Knows nothing of layers."""

from .file import MatFile, open_mat
from .info import Header, VariableInfo
from .limits import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_LIMITS", "Header", "Limits", "MatFile", "VariableInfo", "open_mat"]
