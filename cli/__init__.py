"""The command line: a thin face over ``converters`` and ``matlab_compat``."""
