"""Where each value of a result comes from, and inputs that are solved for.

Expected values: numpy's own indexing, flips, repetitions and sums; a convolution by torch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import matlab_compat as mc
from matlab_compat.arrays import Array
from matlab_compat.parity.diagnose import Measure, diagnose_output
from matlab_compat.parity.network import verify_network

RANDOM = np.random.default_rng(3)
Y = RANDOM.normal(size=(8, 10, 4, 3)).astype("f4")
MEASURE = Measure(2.0**-23, 4.0, 16)
#: What was done, and what is said of it.
MOVES: dict[str, Callable[[Array], Array]] = {
    "Y/255 of this one with its dimensions in the order width, height": lambda y: (
        y.swapaxes(0, 1) / 255
    ),
    "-Y of this one with its width flipped": lambda y: -y[:, ::-1],
    "rot90(Y, 1)": lambda y: np.rot90(y, 1, (0, 1)),
    "every second of its height, from 1 on": lambda y: y[::2],
    "each of its height 2 times": lambda y: y.repeat(2, 0),
    "its observations in the order [1 1 3]": lambda y: y[..., [0, 0, 2]],
    "zeros in [8] of its height": lambda y: y * (np.arange(8) < 7).reshape(-1, 1, 1, 1),
    "1 to 2 of its 3 observations alone": lambda y: y[..., :2],
    "its width in the order [1 2 3 4 5 5 4 3 2 1]": lambda y: np.concatenate(
        [y[:, :5], y[:, 4::-1]], 1
    ),
    "abs(Y) of this one with its height flipped": lambda y: np.abs(y[::-1]),
    "the same order, in another size: 320 x 3": lambda y: y.reshape(320, 3, order="F"),
    "the channels of this one times [1 2 3 4]": lambda y: y * np.arange(1, 5).reshape(1, 1, 4, 1),
    "the channels of this one as sums of all": lambda y: np.einsum(
        "ij,hwjn->hwin", np.arange(16).reshape(4, 4) % 5, y
    ),
    "the channels of this one in the order [4, 1, 3, 2], plus [0 1 2 3]": lambda y: (
        y[:, :, [3, 0, 2, 1]] + np.arange(4).reshape(1, 1, 4, 1)
    ),
    "max(Y, 0) + 0.17*min(Y, 0)": lambda y: np.where(y > 0, y, 0.17 * y),
    "sign(Y).*abs(Y).^0.45455": lambda y: np.sign(y) * np.abs(y) ** (1 / 2.2),
    "min(Y, 1.5)": lambda y: np.minimum(y, 1.5),
    "20*log10(abs(Y))": lambda y: 20 * np.log10(np.abs(y)),
    "log softmax of this one": lambda y: y - np.log(np.exp(y).sum(2, keepdims=True)),
    "this one standardized over the dimensions 1, 2": lambda y: (
        (y - y.mean((0, 1), keepdims=True)) / y.std((0, 1), keepdims=True)
    ),
    "softmax(Y/2.5) of this one": lambda y: _softmax(y / 2.5),
    "written with 3 significant digits": np.vectorize(lambda v: float(f"{v:.3g}")),
    "rounded to steps of 1/256": lambda y: np.round(y * 256) / 256,
    "cut to steps of 1/128": lambda y: np.floor(y * 128) / 128,
    "saved in half precision": lambda y: y.astype(np.float16),
}


def _softmax(y: Array) -> Array:
    result: Array = np.exp(y) / np.exp(y).sum(2, keepdims=True)
    return result


@pytest.mark.parametrize("said", MOVES)
def test_what_was_done_to_an_output_is_seen_in_its_values(said: str) -> None:
    found = diagnose_output(Y, np.asarray(MOVES[said](Y), "f4"), MEASURE, "Y", "SSCB")
    assert said in found[0].text


def test_a_flip_is_not_said_again_as_another_order() -> None:
    smooth = np.linspace(0, 1, 320, dtype="f4").reshape(32, 5, 2, 1, order="F") ** 3
    found = diagnose_output(smooth, smooth[::-1], Measure(2.0**-23, 1.0, 16), "Y", "SSCB")
    assert [one.name for one in found] == ["height flipped"]


def test_noise_comes_from_nowhere() -> None:
    noise = RANDOM.normal(size=Y.shape).astype("f4")
    for wrong in (noise, Y + np.float32(1e-5) * noise, Y * (1 + np.float32(1e-2) * noise)):
        assert diagnose_output(Y, wrong, MEASURE, "Y", "SSCB") == ()


W, B = (RANDOM.normal(size=size).astype("f4") for size in ((3, 3, 3, 4), (1, 1, 4)))
X = RANDOM.normal(size=(9, 11, 3, 2)).astype("f4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (X[:, ::-1, ::-1], "flipped along width and channels"),
        (X * np.array([1, 1.5, 2], "f4").reshape(1, 1, 3, 1), "times [1 1.5 2]"),
        (X[:, :, [0, 0, 2]], "its channels in the order [1 1 3]"),
    ],
)
def test_another_input_is_solved_for(given: Array, said: str) -> None:
    layer = mc.convolution2dLayer(3, 4, Padding="same", Weights=W, Bias=B)
    x, w = (torch.from_numpy(np.ascontiguousarray(v.transpose(3, 2, 0, 1))) for v in (given, W))
    y = torch.nn.functional.conv2d(x, w, torch.from_numpy(B.ravel()), padding=1)
    report = verify_network(layer, [X], {"Y": y.numpy().transpose(2, 3, 1, 0)})
    assert said in report.diagnoses[0].text
