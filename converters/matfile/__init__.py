"""The container: MAT-files of every level to neutral values and back. Knows nothing of layers."""

from converters.matfile.file import MatFile, open_mat
from converters.matfile.info import Header, VariableInfo
from converters.matfile.limits import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_LIMITS", "Header", "Limits", "MatFile", "VariableInfo", "open_mat"]
