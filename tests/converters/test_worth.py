"""What a comparison was worth: data that shows nothing is refused, or the verdict says so.

Expected values: the definitions. Zero times any weight is zero, the first step of a recurrence
carries nothing on, a flip of what is constant changes nothing, and a dead ReLU hides what is before
it. Each network here is run by this package itself, with a mistake that the data cannot show, so
that the outputs are equal: the test is what is said of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from converters.formats.mat_struct import network_struct
from converters.matfile.values import StructArray
from converters.matfile.writer import write_mat
from matlab_compat import Network
from matlab_compat.arrays import Array
from matlab_compat.errors import MatlabCompatWarning, NothingToCompareError
from matlab_compat.layers import (
    Convolution2DLayer,
    FeatureInputLayer,
    FullyConnectedLayer,
    ImageInputLayer,
    Layer,
    LSTMLayer,
    MaxPooling2DLayer,
    MaxUnpooling2DLayer,
    ReLULayer,
    SequenceInputLayer,
    SoftmaxLayer,
)
from matlab_compat.parity.report import Report
from matlab_compat.testing import assert_matches_matlab
from tests.fuzz.commands import run

RANDOM = np.random.default_rng(3)


def normal(*size: int) -> Array:
    return RANDOM.normal(size=size).astype(np.float32)


def fully_connected(name: str, outputs: int, inputs: int, **values: Any) -> Layer:
    weights = {"Weights": normal(outputs, inputs), "Bias": normal(outputs, 1), **values}
    return FullyConnectedLayer(OutputSize=outputs, Name=name, **weights)


def images() -> Network:
    convolution = Convolution2DLayer(
        FilterSize=3, NumFilters=4, Name="conv", Weights=normal(3, 3, 2, 4), Bias=normal(1, 1, 4)
    )
    normalization = ImageInputLayer(InputSize=(6, 6, 2), Normalization="none", Name="in")
    return Network([normalization, convolution, ReLULayer(Name="relu")])


def classifier(scale: float = 1.0) -> Network:
    layers = [
        FeatureInputLayer(InputSize=5, Name="in"),
        fully_connected("fc1", 8, 5),
        ReLULayer(Name="relu"),
        fully_connected("fc2", 3, 8, Weights=scale * normal(3, 8)),
        SoftmaxLayer(Name="softmax"),
    ]
    return Network(layers)


def sequences() -> Network:
    lstm = LSTMLayer(
        NumHiddenUnits=4,
        Name="lstm",
        InputWeights=normal(16, 3),
        RecurrentWeights=normal(16, 4),
        Bias=normal(16, 1),
    )
    return Network([SequenceInputLayer(InputSize=3, Name="in"), lstm, fully_connected("fc", 2, 4)])


def bundle(path: Path, network: Network, X: Array, **more: Any) -> Path:
    values = {"net": network_struct(network), "X": X, "Y": network.predict(X), **more}
    write_mat(path, {k: v for k, v in values.items() if v is not None}, level="7")
    return path


def names(report: Report) -> list[str]:
    assert (report.verdict, report.exit_code) == ("equal", 0)
    assert (report.worth == "limited") == bool(report.warnings)
    return [warning.name for warning in report.warnings]


# --- refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        ({"conv": np.zeros((0, 0))}, "empty"),
        ({"conv": np.full((4, 4, 4, 2), np.nan)}, "all NaN"),
        ({"conv_1": np.ones((4, 4, 4, 2))}, "no layer 'conv_1'.*did you mean 'conv'"),
        ({"other": np.ones((4, 4, 4, 2))}, "no layer 'other'"),
    ],
)
def test_a_saved_activation_that_shows_nothing_is_refused(
    tmp_path: Path, saved: dict[str, Array], said: str
) -> None:
    file = bundle(
        tmp_path / "b.mat", images(), normal(6, 6, 2, 2), activations=StructArray.scalar(**saved)
    )
    with pytest.raises(NothingToCompareError, match=said) as caught:
        converters.verify(file)
    assert "activations" in " ".join(caught.value.where)
    assert caught.value.remedy
    assert run(["verify", str(file)]).code == 2


def test_activations_that_are_no_struct_are_refused(tmp_path: Path) -> None:
    file = bundle(tmp_path / "b.mat", images(), normal(6, 6, 2, 2), activations=normal(3, 3))
    with pytest.raises(NothingToCompareError, match="not a struct"):
        converters.verify(file)


# --- inputs -----------------------------------------------------------------------------


def test_a_good_comparison_has_full_worth(tmp_path: Path) -> None:
    for network, X in (
        (images(), normal(6, 6, 2, 2)),
        (classifier(), normal(4, 5)),
        (sequences(), normal(3, 7)),
    ):
        report = converters.verify(bundle(tmp_path / f"{id(X)}.mat", network, X))
        assert names(report) == []
        assert report.to_json()["worth"] == "full"


def test_an_input_of_zeros_hides_the_weights(tmp_path: Path) -> None:
    report = converters.verify(bundle(tmp_path / "b.mat", images(), np.zeros((6, 6, 2, 2))))
    assert {"input all zero", "parameters unseen"} <= set(names(report))
    assert any("Weights of 'conv'" in warning.text for warning in report.warnings)


@pytest.mark.parametrize("value", [0.5, np.uint8(7), True])
def test_a_constant_input_hides_flips(tmp_path: Path, value: Any) -> None:
    report = converters.verify(bundle(tmp_path / "b.mat", images(), np.full((6, 6, 2, 2), value)))
    assert "input constant" in names(report)


@pytest.mark.parametrize(
    ("axis", "said"), [(0, "height"), (1, "width"), (2, "channels"), (3, "observations")]
)
def test_an_input_constant_along_a_dimension_hides_its_order(
    tmp_path: Path, axis: int, said: str
) -> None:
    X = np.repeat(normal(6, 6, 2, 2).take([0], axis), (6, 6, 2, 2)[axis], axis)
    report = converters.verify(bundle(tmp_path / "b.mat", images(), X))
    assert "input constant along a dimension" in names(report)
    assert f"does not change along {said}:" in report.warnings[0].text


def test_a_symmetric_input_hides_its_flip(tmp_path: Path) -> None:
    X = normal(6, 6, 2, 2)
    for made, said in ((X + X[::-1], "along height"), (X + X.swapaxes(0, 1), "exchanged")):
        report = converters.verify(bundle(tmp_path / f"{said}.mat", images(), made))
        assert names(report) == ["input symmetric"]
        assert said in report.warnings[0].text


def test_a_single_time_step_hides_the_recurrence(tmp_path: Path) -> None:
    report = converters.verify(bundle(tmp_path / "b.mat", sequences(), normal(3, 1)))
    assert names(report) == ["one time step", "parameters unseen"]
    assert "RecurrentWeights of 'lstm'" in report.warnings[1].text


# --- outputs ----------------------------------------------------------------------------


def test_a_saturated_softmax_hides_the_scores(tmp_path: Path) -> None:
    network, X = classifier(1e4), normal(4, 5)
    report = converters.verify(bundle(tmp_path / "b.mat", network, X))
    assert "output saturated" in names(report)
    # Unless the scores before it are compared as well.
    fc2 = StructArray.scalar(fc2=network.activations(X, "fc2"))
    report = converters.verify(bundle(tmp_path / "c.mat", network, X, activations=fc2))
    assert names(report) == []


def test_dead_units_hide_all_before_them(tmp_path: Path) -> None:
    layers = [
        FeatureInputLayer(InputSize=5, Name="in"),
        fully_connected("fc1", 8, 5, Bias=np.full((8, 1), -1e3)),
        ReLULayer(Name="relu"),
        fully_connected("fc2", 3, 8),
    ]
    network = Network(layers)
    report = converters.verify(bundle(tmp_path / "b.mat", network, normal(4, 5)))
    assert {"output constant along a dimension", "input unseen", "parameters unseen"} == set(
        names(report)
    )
    assert "Weights of 'fc1', Bias of 'fc1', Weights of 'fc2'" in report.warnings[-1].text
    # Their activations are zero on both sides, and compare to nothing.
    relu = StructArray.scalar(relu=np.zeros((8, 4)))
    report = converters.verify(bundle(tmp_path / "c.mat", network, normal(4, 5), activations=relu))
    assert "activations not compared" in names(report)


def test_ties_of_max_unpooling_are_decided_by_rounding(tmp_path: Path) -> None:
    """Where a maximum came from, of four products that are the same but for rounding."""
    layers = [
        ImageInputLayer(InputSize=(6, 6, 1), Normalization="none", Name="in"),
        Convolution2DLayer(FilterSize=1, NumFilters=1, Name="conv", Weights=0.7, Bias=0.1),
        MaxPooling2DLayer(PoolSize=2, Stride=2, HasUnpoolingOutputs=True, Name="pool"),
        MaxUnpooling2DLayer(Name="unpool"),
    ]
    ports = [(f"pool/{port}", f"unpool/{port}") for port in ("indices", "size")]
    network = Network(layers, [("in", "conv"), ("conv", "pool"), ("pool/out", "unpool/in"), *ports])
    X = np.kron([[1, 2, 3], [5, 4, 6], [7, 9, 40]], np.ones((2, 2))).astype(np.float32)
    Y = network.predict(X)
    Y[:2, :2] = Y[1::-1, 1::-1]  # another of the four
    assert "decided by rounding" in names(
        converters.verify(bundle(tmp_path / "other.mat", network, X, Y=Y))
    )
    # Where it is the same one, rounding had to excuse nothing.
    assert names(converters.verify(bundle(tmp_path / "same.mat", network, X))) == []


def test_dead_channels_of_the_output_are_counted(tmp_path: Path) -> None:
    network = images()
    bias = np.concatenate([np.full((1, 1, 2), -1e3), np.ones((1, 1, 2))], 2)
    network.layer("conv").Bias = bias
    report = converters.verify(bundle(tmp_path / "b.mat", network, normal(6, 6, 2, 2)))
    assert names(report) == ["dead channels"]
    assert "2 of 4 channels of Y" in report.warnings[0].text


def test_no_numbers_on_both_sides_are_counted(tmp_path: Path) -> None:
    X = normal(6, 6, 2, 2)
    X[0, 0, 0, 0] = np.nan
    report = converters.verify(bundle(tmp_path / "b.mat", images(), X))
    assert "no numbers" in names(report)


# --- where it is said -------------------------------------------------------------------


@pytest.fixture
def one_step(tmp_path: Path) -> Path:
    return bundle(tmp_path / "one.mat", sequences(), normal(3, 1))


@pytest.mark.parametrize("format", ["text", "json", "markdown", "junit"])
def test_every_report_says_it_and_the_exit_code_stays(one_step: Path, format: str) -> None:
    done = run(["verify", str(one_step), "--format", format])
    assert done.code == 0
    assert "has a single time step" in done.out
    assert "save a longer sequence" in done.out
    if format == "json":
        document = json.loads(done.out)
        assert (document["verdict"], document["worth"]) == ("equal", "limited")
        assert set(document["warnings"][0]) == {"name", "text", "remedy", "where"}
    if format == "text":
        end = done.out.splitlines()[-1]
        assert end.endswith("one.mat: equal, of limited worth (2 warnings)")


def test_the_page_and_the_list_of_many_files_say_it(one_step: Path, tmp_path: Path) -> None:
    assert run(["verify", str(one_step), "--report", str(tmp_path / "p.html")]).code == 0
    page = (tmp_path / "p.html").read_text()
    assert "What this comparison cannot show" in page
    assert "has a single time step" in page
    done = run(["verify", str(tmp_path)])
    assert "of limited worth (2 warnings)" in done.out


def test_assert_matches_matlab_warns_and_passes(one_step: Path) -> None:
    with pytest.warns(MatlabCompatWarning, match="(?s)a single time step.*save a longer"):
        assert_matches_matlab(converters.load_network(one_step), one_step)
