"""The kinds of models that a MAT-file may hold; :mod:`.base` says how one is added."""

from __future__ import annotations

from typing import Any

from .base import Kind, Known, Recorded, Standing, Task
from .matconvnet import MatConvNet
from .networks import DamagedModels, Layers, Networks
from .objects import Objects
from .parameters import ParameterStructs
from .shallow import Shallow

#: The kind of models that are damaged.
DAMAGED = DamagedModels()
#: A layer, for whoever takes it out of a network.
LAYERS = Layers()

#: All kinds, in the order in which they are asked.
KINDS: tuple[Kind[Any], ...] = (
    DAMAGED,
    Networks(),
    MatConvNet(),  # before layers: its structs have fields called as theirs
    Shallow(),
    LAYERS,
    ParameterStructs(),
    Objects(),
)

__all__ = ["DAMAGED", "KINDS", "LAYERS", "Kind", "Known", "Recorded", "Standing", "Task"]
