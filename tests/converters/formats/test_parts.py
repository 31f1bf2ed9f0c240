"""Modules of the engine tell what they were made with, so that they can be written as source.

Expected values: the parameters of each class's own constructor.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest
import torch
from torch import nn

import matlab_compat as m
from matlab_compat import engine
from matlab_compat.code.function_layers import Expression
from matlab_compat.engine.imported import ElementwiseAffine
from matlab_compat.engine.module import made_with
from matlab_compat.engine.shallow import Processing, Rows, ShallowModule

#: Written by parts of their own in every case.
OTHERWISE = (Expression, ElementwiseAffine, Processing, Rows, ShallowModule)


def modules_of_the_engine() -> list[type[nn.Module]]:
    """Classes that can be made, outside the fast ways, which are never written."""
    found = set()
    for info in walk_packages(engine.__path__, f"{engine.__name__}."):
        for value in vars(import_module(info.name)).values():
            own = isinstance(value, type) and value.__module__ == info.name
            if own and issubclass(value, nn.Module) and ".fast" not in info.name:
                found.add(value)
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", modules_of_the_engine(), ids=lambda kind: kind.__name__)
def test_every_module_keeps_its_arguments_under_their_names(kind: type[nn.Module]) -> None:
    if issubclass(kind, OTHERWISE):
        return
    sources = [inspect.getsource(c) for c in kind.__mro__ if c not in (nn.Module, object)]
    names = [name for name in inspect.signature(kind).parameters if name not in ("args", "kwargs")]
    missing = [name for name in names if not any(re.search(rf"self\.{name}\b", s) for s in sources)]
    assert missing == []


@pytest.mark.parametrize(
    "layer",
    [
        m.batchNormalizationLayer(MeanDecay=0.3, VarianceDecay=0.05).initialize(4, seed=0),
        m.groupNormalizationLayer(2).initialize(4, seed=0),
        m.convolution2dLayer((3, 2), 6, Stride=2, Padding="same").initialize(2, seed=0),
        m.transposedConv2dLayer((3, 2), 6, Stride=2, Cropping=1).initialize(2, seed=0),
        m.selfAttentionLayer(2, 4).initialize(6, seed=0),
        m.flattenLayer(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_module_made_with_those_arguments_is_the_same(layer: m.layers.Layer) -> None:
    module = layer.to_torch(None, "double")
    again = type(module)(**made_with(module)).double().eval()
    again.load_state_dict(module.state_dict())
    sizes = {"B": 2, "C": layer.input_channels() or 4, "S": 5, "T": 5}
    (label,) = layer.default_formats
    order = sorted(label, key="BCST".index)  # torch's
    x = torch.randn([sizes[c] for c in order], dtype=torch.float64)
    with torch.inference_mode():
        np.testing.assert_array_equal(again(x), module.eval()(x))
