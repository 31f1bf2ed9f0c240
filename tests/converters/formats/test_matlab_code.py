"""Generated MATLAB functions: Octave runs them, and the recorded calls make the same layers.

Expected values: the layers that were converted. The stand-ins for MATLAB's constructors record
what they are called with; the calls are made again with this project's functions of those names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
import matlab_compat
from converters.formats import Options, Prepared
from converters.formats.matlab_code import MatlabFunctionFile, code
from converters.formats.matlab_code.calls import refusal
from matlab_compat import (
    Network,
    additionLayer,
    classificationLayer,
    convolution2dLayer,
    functionLayer,
    imageInputLayer,
    networkLayer,
    registered,
    reluLayer,
    softmaxLayer,
)
from matlab_compat.errors import FileAccessError, UnsupportedLayerError, UsageError
from matlab_compat.layers import Layer
from matlab_compat.layers.value import same_value

from ...matlab.octave import STAND_INS, needs_octave, octave, session
from ...real import MAT_FILES, file_id
from ...truth.networks import networks
from ..samples import INNER, variants

pytestmark = [pytest.mark.octave, needs_octave]

CONSTRUCTORS = {kind.constructor for kind in registered().values() if kind.constructor}


#: What the function in a file makes of the stand-ins.
Called = Callable[[Path], Any]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    """Runs a file with a stand-in for every constructor function."""
    folder = tmp_path_factory.mktemp("constructors")
    for name in CONSTRUCTORS:
        text = (
            f"function layer = {name}(varargin)\nlayer = record_layer('{name}', varargin);\nend\n"
        )
        (folder / f"{name}.m").write_text(text, encoding="ascii")

    def called(file: Path) -> Any:
        out = file.with_name("recorded.mat")
        run(f"net = {file.stem}(); save('-v7', '{out}', 'net');", file.parent, folder, STAND_INS)
        with converters.open_mat(out) as mat:
            return mat["net"]

    with session() as run:
        yield called


def rebuilt(value: Any) -> Layer:
    """The layer that one recorded call makes."""
    arguments = [
        network(a)[0] if hasattr(a, "fields") else a for a in value["Arguments"].ravel(order="F")
    ]
    function = getattr(matlab_compat, value["Function"], None)
    if function is None:  # for a few output layers there is only the class
        (kind,) = [k for k in registered().values() if k.constructor == value["Function"]]
        return kind(**dict(zip(arguments[::2], arguments[1::2], strict=True)))
    layer: Layer = function(*arguments)
    return layer


def network(net: Any) -> tuple[Network, dict[str, Any]]:
    """The network that the recorded calls make, and the options of dlnetwork."""
    made = "Made" in net
    graph = net["From"] if made else net
    kind = "LayerGraph"
    if made:
        kind = "dlnetwork" if net["Made"] == "dlnetwork" else "DAGNetwork"
    options = net["Options"].ravel(order="F") if made else []
    if "Layers" not in graph:
        parts = [rebuilt(each) for each in graph.elements()]
        return Network(parts, kind="SeriesNetwork" if made else "Layer array"), {}
    layers = [rebuilt(each) for each in graph["Layers"].elements()]
    names = [tuple(row) for row in graph["Connections"].tolist()]
    pairs = dict(zip(options[::2], options[1::2], strict=True))
    chosen = list(pairs["OutputNames"].flat) if "OutputNames" in pairs else None
    return Network(layers, names, kind=kind, output_names=chosen), pairs


def assert_layers_same(one: Layer, other: Layer) -> None:
    assert type(one) is type(other)
    for name, value in one.values.items():
        found = other.values[name]
        if name == "PaddingSize" and one.values["PaddingMode"] == "same":
            continue  # a file's is that of the input it was trained with
        if name == "NumChannels" and "Scale" in one.values and one.values["Scale"].size == 0:
            continue  # of an untrained normalization: no argument of its function
        if name == "PredictFcn":
            assert re.sub(r"\s", "", value.text) == re.sub(r"\s", "", found.text)
        elif isinstance(value, Network):
            assert_same(value, found)
        elif not callable(value):
            assert same_value(value, found), (one, name)


def assert_same(one: Network, other: Network) -> None:
    kind = "dlnetwork" if one.kind in ("SimpleNN", "DagNN") else one.kind  # MATLAB has no others
    assert (kind, one.names) == (other.kind, other.names)
    assert sorted(one.graph.connections) == sorted(other.graph.connections)
    if one.kind != "Layer array":
        assert one.OutputNames == other.OutputNames
    for a, b in zip(one.Layers, other.Layers, strict=True):
        assert_layers_same(a, b)


def round_trip(model: Network, folder: Path, called: Called) -> dict[str, Any]:
    converters.save(model, folder / "rebuilt.m", overwrite=True, check=False)
    again, options = network(called(folder / "rebuilt.m"))
    assert_same(model, again)
    return options


def test_every_property_of_every_layer_comes_back(tmp_path: Path, called: Called) -> None:
    layers = [layer for layer in variants() if not refusal(layer)]
    assert len(layers) > 2 * len({type(layer) for layer in layers}) > 140
    round_trip(Network(layers, kind="Layer array"), tmp_path, called)


def residual(kind: str = "DAGNetwork", mean: float = 1) -> Network:
    parts = [
        imageInputLayer((5, 5, 2), Name="in", Mean=np.full((1, 1, 2), mean, np.float32)),
        convolution2dLayer(3, 2, Padding="same", Name="conv").initialize(2, seed=0),
        additionLayer(2, Name="add"),
        softmaxLayer(Name="soft"),
        classificationLayer(Name="out", Classes=["cat", "dö'g"]),
    ]
    if kind == "dlnetwork":
        parts.pop()
    pairs = [
        ("in", "conv"),
        ("conv", "add/in1"),
        ("in", "add/in2"),
        ("add", "soft"),
        ("soft", "out"),
    ]
    return Network(parts, [p for p in pairs if kind != "dlnetwork" or p[1] != "out"], kind=kind)


@pytest.mark.parametrize("kind", ["DAGNetwork", "LayerGraph", "dlnetwork"])
def test_layers_and_connections_come_back(kind: str, tmp_path: Path, called: Called) -> None:
    assert round_trip(residual(kind), tmp_path, called) == {}


def test_a_series_network_is_assembled(tmp_path: Path, called: Called) -> None:
    parts = list(residual().Layers)
    series = Network([parts[0], parts[1], parts[3], parts[4]], kind="SeriesNetwork")
    round_trip(series, tmp_path, called)


def test_names_that_are_not_ascii_are_taken_from_the_struct(tmp_path: Path, called: Called) -> None:
    parts = [reluLayer(Name="naïve'"), additionLayer(2, Name="größe\n%"), reluLayer(Name="c")]
    pairs = [("naïve'", "größe\n%/in2"), ("c", "größe\n%/in1")]
    round_trip(Network(parts, pairs, kind="LayerGraph"), tmp_path, called)
    assert (tmp_path / "rebuilt.m").read_bytes().isascii()


def test_output_names_other_than_the_ends_are_given(tmp_path: Path, called: Called) -> None:
    parts = [imageInputLayer((2, 2, 1), Name="in", Normalization="none"), reluLayer(Name="r")]
    round_trip(Network(parts, output_names=["r", "in"]), tmp_path, called)


def test_an_untrained_dlnetwork_stays_so(tmp_path: Path, called: Called) -> None:
    parts = [imageInputLayer((2, 2, 1), Name="in", Normalization="none"), convolution2dLayer(1, 2)]
    options = round_trip(Network(parts), tmp_path, called)
    assert not options["Initialize"].item()


def test_a_nested_network_is_rebuilt_with_its_functions(tmp_path: Path, called: Called) -> None:
    function = functionLayer("@(X) X .* 3", Name="f")
    inner = Network([*INNER.Layers, function])
    outer = Network([*INNER.Layers, networkLayer(inner, Name="n"), function])
    round_trip(outer, tmp_path, called)


def test_a_captured_variable_reaches_the_function(tmp_path: Path) -> None:
    layer = functionLayer({"Function": "@(X) X .* k", "Variables": {"k": np.array([[2.5]])}})
    converters.save(layer, tmp_path / "f.m", check=False)
    (tmp_path / "functionLayer.m").write_text(
        "function layer = functionLayer(f, varargin)\nlayer = f;\nend\n", encoding="ascii"
    )
    assert float(octave("f = f(); printf('%g', f(4))", tmp_path)) == 10


def test_a_single_layer(tmp_path: Path, called: Called) -> None:
    layer = convolution2dLayer(3, 2, Name="c").initialize(4, seed=0)
    done = converters.save(layer, tmp_path / "conv.m")
    assert done.outputs
    assert_layers_same(rebuilt(called(tmp_path / "conv.m")), layer)


def test_stripped_normalization_is_gone_from_both_files(tmp_path: Path, called: Called) -> None:
    converters.save(residual(), tmp_path / "net.m", options=Options(strip_normalization=True))
    again, _ = network(called(tmp_path / "net.m"))
    assert again.Layers[0].values["Normalization"] == "none"


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["2net", "my-net", "end", "ünet", "x" * 64, "dlnetwork", "reluLayer"]
)
def test_a_name_that_matlab_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}'"):
        converters.save(Network([reluLayer()]), tmp_path / f"{name}.m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (matlab_compat.KerasTanhLayer(Name="k"), "has no documented constructor"),
        (convolution2dLayer(1, 1, WeightsInitializer=np.zeros), "is a function of Python's"),
    ],
)
def test_what_no_call_can_make_is_refused(tmp_path: Path, layer: Layer, why: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=why):
        converters.save(Network([layer]), tmp_path / "net.m")


def test_a_classic_network_without_output_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedLayerError, match="needs an output layer after 'soft'"):
        converters.save(Network(list(residual().Layers)[3:4], kind="DAGNetwork"), tmp_path / "n.m")


def test_an_existing_companion_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "net.mat").write_bytes(b"mine")
    with pytest.raises(UsageError, match="There is a file"):
        converters.save(residual(), tmp_path / "net.m")
    assert (tmp_path / "net.mat").read_bytes() == b"mine"
    assert not (tmp_path / "net.m").exists()


def test_both_files_appear_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.mat").write_bytes(b"mine")
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if Path(target) == tmp_path / "net.m":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(FileAccessError, match="No space left"):
        converters.save(residual(), tmp_path / "net.m", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["net.mat"]
    assert (tmp_path / "net.mat").read_bytes() == b"mine"


def test_text_in_a_file_cannot_become_code() -> None:
    names = ["a'); system('id'); %", "b\nsystem('id')"]
    text = code(Network([reluLayer(Name=name) for name in names], kind="LayerGraph"), "f")
    assert "'a''); system(''id''); %'" in text
    assert "\nsystem" not in text


# --- real networks --------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.filterwarnings("ignore:.*holds NaN")  # one of them did not survive its training
@pytest.mark.parametrize("file", MAT_FILES, ids=file_id)
def test_every_real_network_is_rebuilt_or_refused(
    file: Path, tmp_path: Path, called: Called
) -> None:
    reasons = "no documented constructor|cannot be built|needs an output layer|anchor boxes"
    for _, net in networks(file):
        if net.unsupported or MatlabFunctionFile().refusal(Prepared(net)):
            with pytest.raises(UnsupportedLayerError, match=reasons):
                converters.save(net, tmp_path / "net.m")
        elif not captures(net):
            round_trip(net, tmp_path, called)


def captures(net: Network) -> bool:
    """Whether a function of the network is more than its text (see the captured variable above)."""
    return any(layer.PredictFcn.variables for layer in net.Layers if hasattr(layer, "PredictFcn"))
