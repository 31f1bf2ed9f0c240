"""Mistakes in the saved output or the given input of one convolution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from torch.nn import functional as F

import matlab_compat as mc
from matlab_compat.parity.network import verify_network
from matlab_compat.parity.report import Report

from .seeded import Array, Data, Table, array, filters, generator, images, numbers, tensor, vector


def _half(x: Array) -> Array:
    return x.astype(np.float16).astype(np.float32)


def _shifted(x: Array) -> Array:
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


#: Mistake -> what is saved for the output, and what must be said.
OUTPUTS: dict[str, tuple[Callable[[Array], Array], str]] = {
    "output saved as W,H by row-major reshape": (
        lambda y: y.ravel(order="C").reshape(y.shape, order="F"),
        "row-major|memory order",
    ),
    "output flipped up-down": (lambda y: y[::-1], "height flipped"),
    "output shifted by a pixel": (_shifted, "shifted|earlier|later"),
    "output N,C,H,W": (lambda y: y.transpose(3, 2, 0, 1), "permuted"),
    "output N,H,W,C": (lambda y: y.transpose(3, 0, 1, 2), "permuted"),
    "output observations reversed": (lambda y: y[..., ::-1], "observations"),
    "output negated": (lambda y: -y, "sign exchanged"),
    "output standardized": (lambda y: (y - y.mean()) / y.std(), "scale and offset|standard"),
    "output de-normalized (*sig+mu)": (lambda y: y * 3.7 + 1.2, "scale and offset"),
    "output written with 4 decimals": (lambda y: np.round(y, 4), "decimals|rounded"),
    "output absolute": (np.abs, "absolute|magnitude"),
    "output squeezed and one observation only": (
        lambda y: y[..., 0],
        "first observation|observation",
    ),
}
#: Mistake -> what the network was given instead of the input.
INPUTS: dict[str, tuple[Callable[[Array], Array], str]] = {
    "input channels reversed (BGR)": (lambda x: x[:, :, ::-1], "BGR"),
    "input / 255": (lambda x: x / 255, "255"),
    "input shifted by a pixel": (_shifted, "input.*shifted"),
    "input in half": (_half, "input.*half"),
}


def _made(smooth: bool, seed: int) -> tuple[Any, Array, Callable[[Array], Array]]:
    random = generator(seed + 1)
    w, b = numbers(random, 3, 3, 3, 4), numbers(random, 1, 1, 4)
    x = images(smooth, seed, 9, 11, 3, 3)
    layer = mc.convolution2dLayer(3, 4, Padding=(0, 1, 1, 0), Weights=w, Bias=b)

    def right(given: Array) -> Array:
        padded = F.pad(tensor(np.ascontiguousarray(given)), (1, 0, 0, 1))
        return array(F.conv2d(padded, filters(w), vector(b)))

    return layer, x, right


def _report(change: Callable[[Array], Array], of_output: bool, data: Data) -> Report:
    layer, x, of = _made(data.smooth, data.seed)
    wrong = change(of(x)) if of_output else of(change(x))
    return verify_network(layer, [x], {"Y": np.asfortranarray(wrong.astype(np.float32))})


_TABLE = Table("arrays")
cases = _TABLE.cases
for _mistakes, _of_output in ((OUTPUTS, True), (INPUTS, False)):
    for _kind, (_change, _right) in _mistakes.items():
        _TABLE.add(_kind, _right, "", partial(_report, _change, _of_output))
