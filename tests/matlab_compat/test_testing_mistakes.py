"""What :func:`assert_matches_matlab` must see: mistakes of ports, in layers and in networks.

Expected values: torch's and numpy's own functions, given the raw weights by hand; the right port
is the same in single. Nothing of what is written by hand here uses the package under test.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

import matlab_compat as mc
from converters.formats.mat_struct import layer_struct, network_struct
from converters.matfile.writer import write_mat
from matlab_compat import testing
from matlab_compat.errors import UsageError
from matlab_compat.network import Network
from tests.matlab_compat import recurrent_reference

Array = NDArray[Any]
#: That a port fails is what these tests are about, not what it did wrong.
assert_matches_matlab = partial(testing.assert_matches_matlab, diagnosis_seconds=0)
#: A port: MATLAB's X to MATLAB's Y, in the precision of X.
Port = Callable[[Array], Array]


def normal(*size: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


class Case(NamedTuple):
    """A layer or network, its input, a port of it, and where its output is very small."""

    model: Any
    X: Array
    port: Port
    small: tuple[Any, ...]
    form: str = "SSCB"

    def write(self, path: Path) -> Path:
        """The bundle, with Y by the port in double."""
        Y = self.port(self.X.astype(np.float64)).astype(np.float32)
        struct = network_struct if isinstance(self.model, Network) else layer_struct
        write_mat(path / "bundle.mat", {"net": struct(self.model), "X": self.X, "Y": Y})
        return path / "bundle.mat"

    def check(self, tested: Any, bundle: Path) -> None:
        """By the function under test."""
        form = None if self.form == "SSCB" else self.form
        assert_matches_matlab(tested, bundle, data_format=form)


def on_images(function: Callable[[Tensor], Tensor], X: Array) -> Array:
    """A function of N,C,H,W on H×W×C×N."""
    x = torch.from_numpy(np.ascontiguousarray(X.transpose(3, 2, 0, 1)))
    found: Array = function(x).numpy().transpose(2, 3, 1, 0)
    return found


def images(function: Callable[[Tensor], Tensor]) -> Port:
    return lambda X: on_images(function, X)


def per_channel(values: Array) -> Tensor:
    return torch.from_numpy(values.ravel())


#: Images of which the second is a million times darker.
DARK = normal(6, 6, 3, 4)
DARK[..., 1] *= np.float32(1e-6)
IMAGES = normal(6, 6, 3, 4)
FILTERS = normal(3, 3, 3, 5, seed=1)
FILTERS[..., 2] *= np.float32(1e-6)
BIAS = normal(1, 1, 5, seed=2)
BIAS[..., 2] *= np.float32(1e-6)
GROUPED = normal(3, 3, 1, 2, 3, seed=3)
GROUPED[..., 1, 2] *= np.float32(1e-6)
ROWS = normal(7, 20, seed=4)
ROWS[3] *= np.float32(1e-6)
VECTORS = normal(20, 6, seed=5)
SCALE, OFFSET, MEAN = (normal(1, 1, 3, seed=s) for s in (6, 7, 8))
SCALE[..., 1] *= np.float32(1e-6)
OFFSET[..., 1] *= np.float32(1e-6)
VARIANCE = normal(1, 1, 3, seed=9) ** 2 + np.float32(0.5)
#: Sequences C×N×T, the second of them small.
SEQUENCES = normal(4, 3, 9, seed=10)
SEQUENCES[:, 1] *= np.float32(1e-6)
GATES = {"lstm": 4, "gru": 3}
INPUT = {kind: normal(5 * n, 4, seed=11) for kind, n in GATES.items()}
RECURRENT = {kind: normal(5 * n, 5, seed=12) / 2 for kind, n in GATES.items()}


def convolution(x: Tensor) -> Tensor:
    weights = torch.from_numpy(FILTERS.transpose(3, 2, 0, 1).copy()).to(x)
    return functional.conv2d(x, weights, per_channel(BIAS).to(x))


def grouped(x: Tensor) -> Tensor:
    # h×w×channels×filters×groups; the filters of the first group first.
    weights = torch.from_numpy(GROUPED.transpose(4, 3, 2, 0, 1).reshape(6, 1, 3, 3).copy())
    return functional.conv2d(x, weights.to(x), groups=3)


def normalized(x: Tensor) -> Tensor:
    values = (per_channel(v).to(x) for v in (MEAN, VARIANCE, SCALE, OFFSET))
    return functional.batch_norm(x, *values, eps=1e-5)


def group_normalized(groups: int) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        scale, offset = per_channel(SCALE).to(x), per_channel(OFFSET).to(x)
        return functional.group_norm(x, groups, scale, offset, eps=1e-5)

    return run


def recurrent(kind: str, **weights: Array) -> Port:
    """The gates written out; the weights in the precision of X."""

    def run(X: Array) -> Array:
        given = {"W": INPUT[kind], "R": RECURRENT[kind], **weights}
        W, R = (given[name].astype(X.dtype) for name in "WR")
        states = [np.zeros((5, X.shape[1]), X.dtype)] * (2 if kind == "lstm" else 1)
        bias = np.zeros((W.shape[0], 1), X.dtype)
        return getattr(recurrent_reference, kind)(X, W, R, bias, *states)[0]  # type: ignore[no-any-return]

    return run


SECOND = (slice(None), slice(None), slice(None), 1)
CHANNEL = (slice(None), slice(None), 1)
BN = {"Offset": OFFSET, "Scale": SCALE}
LAYERS = {
    "convolution": Case(
        mc.convolution2dLayer(3, 5, Weights=FILTERS, Bias=BIAS),
        IMAGES,
        images(convolution),
        (slice(None), slice(None), 2),
    ),
    "grouped convolution": Case(
        mc.groupedConvolution2dLayer(3, 2, 3, Weights=GROUPED, Bias=np.zeros((1, 1, 2, 3))),
        IMAGES,
        images(grouped),
        (slice(None), slice(None), 5),
    ),
    "fully connected": Case(
        mc.fullyConnectedLayer(7, Weights=ROWS, Bias=np.zeros((7, 1))),
        VECTORS,
        lambda X: ROWS.astype(X.dtype) @ X,
        (3,),
        "CB",
    ),
    "batch normalization": Case(
        mc.batchNormalizationLayer(**BN, TrainedMean=MEAN, TrainedVariance=VARIANCE),
        IMAGES,
        images(normalized),
        CHANNEL,
    ),
    "layer normalization": Case(
        mc.layerNormalizationLayer(**BN), IMAGES, images(group_normalized(1)), CHANNEL
    ),
    "instance normalization": Case(
        mc.instanceNormalizationLayer(**BN), IMAGES, images(group_normalized(3)), CHANNEL
    ),
    "relu": Case(mc.reluLayer(), DARK, images(torch.relu), SECOND),
    "leaky relu": Case(
        mc.leakyReluLayer(0.1),
        DARK,
        images(lambda x: torch.where(x < 0, x.new_tensor(0.1) * x, x)),
        SECOND,
    ),
    "tanh": Case(mc.tanhLayer(), DARK, images(torch.tanh), SECOND),
    "gelu": Case(mc.geluLayer(), DARK, images(functional.gelu), SECOND),
    "swish": Case(mc.swishLayer(), DARK, images(lambda x: x / (1 + torch.exp(-x))), SECOND),
    "max pooling": Case(
        mc.maxPooling2dLayer(2, Stride=2),
        DARK,
        images(lambda x: functional.max_pool2d(x, 2)),
        SECOND,
    ),
    "average pooling": Case(
        mc.averagePooling2dLayer(2, Stride=2),
        DARK,
        images(lambda x: functional.avg_pool2d(x, 2)),
        SECOND,
    ),
    "cross channel normalization": Case(
        mc.crossChannelNormalizationLayer(3),
        DARK,
        images(lambda x: functional.local_response_norm(x, 3, 1e-4, 0.75, 2)),
        SECOND,
    ),
    "resize": Case(
        mc.resize2dLayer(OutputSize=[12, 12]),
        DARK,
        images(lambda x: functional.interpolate(x, (12, 12))),
        SECOND,
    ),
    **{
        kind: Case(
            make(5, InputWeights=INPUT[kind], RecurrentWeights=RECURRENT[kind], Bias=zero),
            SEQUENCES,
            recurrent(kind),
            (slice(None), 1),
            "CBT",
        )
        for kind, make, zero in (
            ("lstm", mc.lstmLayer, np.zeros((20, 1))),
            ("gru", mc.gruLayer, np.zeros((15, 1))),
        )
    },
}


@pytest.fixture(params=LAYERS.values(), ids=list(LAYERS))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_a_right_port_in_single_passes(case: Case, tmp_path: Path) -> None:
    case.check(case.port(case.X), case.write(tmp_path))


def test_a_mistake_in_a_part_that_is_a_million_times_smaller_fails(
    case: Case, tmp_path: Path
) -> None:
    tested = case.port(case.X)
    part = tested[case.small]
    assert 0 < np.abs(part).max() < 1e-4 * np.abs(tested).max()
    tested[case.small] = part * np.float32(1.01)
    with pytest.raises(AssertionError, match="outside the bound"):
        case.check(tested, case.write(tmp_path))


def test_noise_of_one_and_a_half_percent_fails(case: Case, tmp_path: Path) -> None:
    tested = case.port(case.X)
    noise = np.random.default_rng(1).uniform(-1, 1, tested.shape)
    tested = (tested + 0.015 * np.abs(tested).max() * noise).astype(np.float32)
    with pytest.raises(AssertionError, match="outside the bound"):
        case.check(tested, case.write(tmp_path))


def test_an_input_in_the_wrong_order_fails(case: Case, tmp_path: Path) -> None:
    """Images transposed, sequences backwards, features of the next observation."""
    wrong = {
        "SSCB": lambda X: X.swapaxes(0, 1),
        "CBT": lambda X: X[:, :, ::-1],
        "CB": lambda X: np.roll(X, 1, axis=1),
    }[case.form]
    with pytest.raises(AssertionError, match="outside the bound"):
        case.check(case.port(np.ascontiguousarray(wrong(case.X))), case.write(tmp_path))


# --- networks -----------------------------------------------------------------------------


def quantized(weights: Array) -> Array:
    """As int8 with one scale for all, and back."""
    step = np.abs(weights).max() / 127
    return (np.round(weights / step) * step).astype(np.float32)


OUT = normal(3, 80, seed=20) / 8
OUT_BIAS = normal(3, 1, seed=21)


def image_port(
    filters: Array = FILTERS, out: Array = OUT, drop: float = 0, noise: float = 0
) -> Port:
    """Convolution, ReLU, dropout, fully connected: N×K, as predict of a SeriesNetwork gives it."""

    def run(X: Array) -> Array:
        x = torch.from_numpy(np.ascontiguousarray(X.transpose(3, 2, 0, 1)))
        weights = torch.from_numpy(filters.transpose(3, 2, 0, 1).copy()).to(x)
        x = torch.relu(functional.conv2d(x, weights, per_channel(BIAS).to(x)))
        torch.manual_seed(0)
        x = functional.dropout(x, drop) if drop else x
        columns = x.permute(0, 1, 3, 2).flatten(1)  # h fastest, then w, then C
        y = columns @ torch.from_numpy(out.T.copy()).to(x) + per_channel(OUT_BIAS).to(x)
        return y.numpy() * (1 + noise)

    return run


def image_network() -> Network:
    return Network(
        [
            mc.imageInputLayer([6, 6, 3], Normalization="none", Name="in"),
            mc.convolution2dLayer(3, 5, Weights=FILTERS, Bias=BIAS, Name="conv"),
            mc.reluLayer(Name="relu"),
            mc.dropoutLayer(0.5, Name="drop"),
            mc.fullyConnectedLayer(3, Weights=OUT, Bias=OUT_BIAS, Name="fc"),
        ],
        kind="SeriesNetwork",
    )


SEQUENCE_OUT = normal(2, 5, seed=22)


def sequence_port(kind: str, **weights: Array) -> Port:
    """Recurrent layer and fully connected layer on one sequence C×T."""

    def run(X: Array) -> Array:
        out = weights.get("out", SEQUENCE_OUT)
        own = {name: value for name, value in weights.items() if name != "out"}
        hidden = recurrent(kind, **own)(X[:, None])[:, 0]
        return out.astype(X.dtype) @ hidden

    return run


def sequence_network(kind: str) -> Network:
    make = {"lstm": mc.lstmLayer, "gru": mc.gruLayer}[kind]
    zero = np.zeros((5 * GATES[kind], 1))
    return Network(
        [
            mc.sequenceInputLayer(4, Name="in"),
            make(
                5,
                InputWeights=INPUT[kind],
                RecurrentWeights=RECURRENT[kind],
                Bias=zero,
                Name="recurrent",
            ),
            mc.fullyConnectedLayer(2, Weights=SEQUENCE_OUT, Bias=np.zeros((2, 1)), Name="fc"),
        ],
        kind="SeriesNetwork",
    )


def exchanged(weights: Array, count: int) -> Array:
    """The first two gates in each other's place."""
    gates = np.split(weights, count)
    return np.concatenate([gates[1], gates[0], *gates[2:]])


SEQUENCE = np.ascontiguousarray(SEQUENCES[:, 0])
NETWORKS: dict[str, Case] = {
    "images": Case(image_network(), IMAGES, image_port(), ()),
    "lstm": Case(sequence_network("lstm"), SEQUENCE, sequence_port("lstm"), ()),
    "gru": Case(sequence_network("gru"), SEQUENCE, sequence_port("gru"), ()),
}
WRONG: dict[str, tuple[str, Port]] = {
    "image transposed": ("images", lambda X: image_port()(np.ascontiguousarray(X.swapaxes(0, 1)))),
    "int8 weights": ("images", image_port(quantized(FILTERS), quantized(OUT))),
    "int8 weights of the last layer": ("images", image_port(out=quantized(OUT))),
    "active dropout": ("images", image_port(drop=0.5)),
    "a factor of 1.0001": ("images", image_port(noise=1e-4)),
    **{
        f"{kind}: gates exchanged": (
            kind,
            sequence_port(
                kind, W=exchanged(INPUT[kind], count), R=exchanged(RECURRENT[kind], count)
            ),
        )
        for kind, count in GATES.items()
    },
    **{
        f"{kind}: int8 weights": (
            kind,
            sequence_port(kind, W=quantized(INPUT[kind]), R=quantized(RECURRENT[kind])),
        )
        for kind in GATES
    },
    "lstm: backwards": ("lstm", lambda X: sequence_port("lstm")(X[:, ::-1])),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_right_port_of_a_network_passes(kind: str, tmp_path: Path) -> None:
    case = NETWORKS[kind]
    assert_matches_matlab(case.port(case.X), case.write(tmp_path))


@pytest.mark.parametrize("kind", NETWORKS)
def test_noise_on_the_output_of_a_network_fails(kind: str, tmp_path: Path) -> None:
    case = NETWORKS[kind]
    right = case.port(case.X)
    noise = np.random.default_rng(1).uniform(-1, 1, right.shape)
    tested = (right + 0.015 * np.abs(right).max() * noise).astype(np.float32)
    with pytest.raises(AssertionError, match="outside the bound"):
        assert_matches_matlab(tested, case.write(tmp_path))


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_port_of_a_network_fails(mistake: str, tmp_path: Path) -> None:
    kind, wrong = WRONG[mistake]
    case = NETWORKS[kind]
    with pytest.raises(AssertionError, match="outside the bound"):
        assert_matches_matlab(wrong(case.X), case.write(tmp_path))


def test_a_dark_observation_of_a_network_is_checked(tmp_path: Path) -> None:
    def convolved(X: Array) -> Array:
        weights = FILTERS.transpose(3, 2, 0, 1).copy()
        return on_images(
            lambda x: torch.relu(functional.conv2d(x, torch.from_numpy(weights).to(x))), X
        )

    network = Network(
        [
            mc.imageInputLayer([6, 6, 3], Normalization="none", Name="in"),
            mc.convolution2dLayer(3, 5, Weights=FILTERS, Bias=np.zeros((1, 1, 5)), Name="conv"),
            mc.reluLayer(Name="relu"),
        ]
    )
    case = Case(network, DARK, convolved, SECOND)
    bundle, right = case.write(tmp_path), convolved(DARK)
    assert_matches_matlab(right, bundle)
    wrong = right.copy()
    wrong[..., 1] *= np.float32(1.01)
    with pytest.raises(AssertionError, match="of 320 elements"):
        assert_matches_matlab(wrong, bundle)


# --- the format of what is tested, and bundles without a model ------------------------------


def test_a_coarser_format_has_to_be_named(tmp_path: Path) -> None:
    case = NETWORKS["images"]
    bundle, tested = case.write(tmp_path), case.port(case.X).astype(np.float16)
    with pytest.raises(AssertionError, match="computed in half; if it has to be, dtype='half'"):
        assert_matches_matlab(tested, bundle)
    assert_matches_matlab(tested, bundle, dtype="half")
    with pytest.raises(UsageError):
        assert_matches_matlab(tested, bundle, dtype="tiny")


@pytest.fixture
def bare(tmp_path: Path) -> tuple[Path, Array]:
    """X and Y = 2 X + X of which a channel, an observation and a row are small."""
    X = normal(9, 8, 3, 4)
    for small in (np.s_[:, :, 1], np.s_[..., 2], np.s_[4]):
        X[small] *= np.float32(1e-6)
    write_mat(tmp_path / "b.mat", {"X": X, "Y": 3 * X})
    return tmp_path / "b.mat", X


@pytest.mark.parametrize("small", [np.s_[:, :, 1], np.s_[..., 2], np.s_[4]])
def test_without_a_model_each_channel_observation_and_row_has_its_own_bound(
    bare: tuple[Path, Array], small: Any
) -> None:
    bundle, X = bare
    tested = 2 * X + X
    assert_matches_matlab(tested, bundle)
    tested[small] *= np.float32(1.01)
    with pytest.raises(AssertionError, match="of its channel, observation, row"):
        assert_matches_matlab(tested, bundle)


def test_without_a_model_what_is_tested_does_not_widen_its_bound(tmp_path: Path) -> None:
    """A module that is another in double than in single."""

    class Unsteady(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(3.0))

        def forward(self, x: Tensor) -> Tensor:
            off = 0.01 if x.dtype == torch.float32 else 0.0
            return self.weight * x + off

    X = normal(9, 8, 3, 4)
    write_mat(tmp_path / "b.mat", {"X": X, "Y": 3 * X})
    with pytest.raises(AssertionError, match="outside the bound"):
        assert_matches_matlab(Unsteady(), tmp_path / "b.mat")


def test_sequences_in_a_cell_are_compared_one_by_one(tmp_path: Path) -> None:
    port = sequence_port("lstm")
    xs = [normal(4, steps, seed=steps) for steps in (5, 9, 3)]
    cells = {"X": xs, "Y": [port(x.astype(np.float64)).astype(np.float32) for x in xs]}
    variables: dict[str, Any] = {"net": network_struct(NETWORKS["lstm"].model)}
    for name, items in cells.items():
        variables[name] = np.empty((3, 1), dtype=object)
        variables[name][:, 0] = items
    write_mat(tmp_path / "b.mat", variables)
    right = [port(x) for x in xs]
    assert_matches_matlab(right, tmp_path / "b.mat")
    right[1][0, 2] += np.float32(1e-3)
    with pytest.raises(AssertionError, match=r"Y\{2\}.*1 of 18 elements"):
        assert_matches_matlab(right, tmp_path / "b.mat")
    with pytest.raises(UsageError, match="2 arrays are tested, 3 expected"):
        assert_matches_matlab(right[:2], tmp_path / "b.mat")
