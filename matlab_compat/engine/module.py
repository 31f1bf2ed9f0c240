"""What the modules of the engine have in common."""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn


def made_with(module: nn.Module) -> dict[str, Any]:
    """What a module was made with: those of ours keep it, under the names of the parameters."""
    parameters = inspect.signature(type(module)).parameters.values()
    named = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return {name: getattr(module, name) for name in named}


class Module(nn.Module):
    """A module that shows what it was made with."""

    def extra_repr(self) -> str:
        """``bins=(2, 2), scale=1.0``."""
        return ", ".join(f"{name}={value!r}" for name, value in made_with(self).items())
