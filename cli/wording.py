"""The options of this command line, for messages that would name arguments of Python."""

from __future__ import annotations

import shlex

#: Options that are not called as the argument is.
_OPTIONS = {
    "layer_class": "--class",
    "ignore_fields": "--ignore-field",
    "out": "--output",
    "output": "-o",
    "overwrite": "--force",
}


def option(name: str, value: object) -> str:
    """``--layer up1`` for ``layer='up1'``, ``--no-check`` for ``check=False``."""
    flag = _OPTIONS.get(name) or f"--{name.replace('_', '-')}"
    if isinstance(value, list):  # an option that is repeated
        return " ".join(option(name, item) for item in value)
    if name == "input_size" and isinstance(value, tuple):
        return f"{flag} {','.join(map(str, value))}"
    if isinstance(value, tuple):  # an option of several values
        return " ".join([flag, *(shlex.quote(str(item)) for item in value)])
    if value is False:
        return flag.replace("--", "--no-", 1)
    return flag if value is None or value is True else f"{flag} {shlex.quote(str(value))}"
