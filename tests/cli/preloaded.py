"""What the processes of :mod:`tests.cli.command` find imported: all of ours and what it needs.

A command imports what it needs when it needs it, which takes every process a fifth of a second.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil

import typer

import cli
import converters
import matlab_compat

with contextlib.suppress(ImportError):
    importlib.import_module("pydantic")  # which typer imports, if at all, with the first argument
for package in (matlab_compat, converters, cli):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of an extra that is not here
                importlib.import_module(module.name)

# typer makes its commands anew for every line.
typer.main.get_command = functools.cache(typer.main.get_command)
