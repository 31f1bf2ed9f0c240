"""Shallow networks in files: found wherever they lie, described, verified, run, converted.

Expected values: Octave's outputs in ``fixtures/shallow``, and files put together by scipy.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

import converters
from converters.find import find_models
from converters.formats import Options
from converters.kinds.shallow import SavedShallow, Shallow
from converters.matfile.values import (
    Damaged,
    FunctionHandle,
    MatObject,
    SparseArray,
    StructArray,
)
from converters.matfile.writer import write_mat
from converters.predict import predict
from converters.walk import Place
from matlab_compat import Autoencoder, ShallowNetwork
from matlab_compat.errors import (
    CorruptFileError,
    MatFileError,
    NothingToCompareError,
    UnsupportedModelError,
)
from tests.matlab_compat.shallow.made import FOLDER, NAMES, Array, contents, matrix, network


def fixture(name: str) -> Path:
    return FOLDER / f"{name}.v7.mat"


def struct(value: Any) -> Any:
    """A value as our readers give it: dicts are structs."""
    if isinstance(value, dict):
        return StructArray.scalar(**{name: struct(one) for name, one in value.items()})
    if isinstance(value, np.ndarray) and value.dtype == object:
        return np.frompyfunc(struct, 1, 1)(value)
    return value


def properties(name: str, **changes: Any) -> dict[str, Any]:
    fields = contents(name)["net"] | changes
    return {field: struct(value) for field, value in fields.items()}


def raw(name: str) -> dict[str, Any]:
    """The variables of a fixture as our readers give them."""
    with converters.open_mat(fixture(name)) as mat:
        return {info.name: mat[info.name] for info in mat.variables}


def saved_as(folder: Path, **variables: Any) -> Path:
    write_mat(folder / "m.mat", variables, level="7")
    return folder / "m.mat"


def found(value: Any) -> SavedShallow:
    saved = Shallow().find(Place("net", value), None)
    assert saved is not None
    return saved


# --- where they are ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_struct_of_its_fields_is_loaded_as_the_network(name: str) -> None:
    net = converters.load(fixture(name))
    assert isinstance(net, ShallowNetwork)
    assert net.view() == network(name).view()


def test_an_object_of_class_network_is_one() -> None:
    saved = found(MatObject("network", lambda: properties("feedforward"), legacy=True))
    assert saved.build().view() == network("feedforward").view()


def test_an_autoencoder_is_its_network() -> None:
    inner = MatObject("network", lambda: properties("feedforward"), legacy=True)
    saved = found(
        MatObject("Autoencoder", lambda: {"Network": inner, "TrainedOnImages": np.array([[True]])})
    )
    net = saved.build()
    assert isinstance(net, Autoencoder)
    assert net.TrainedOnImages


def test_what_training_and_display_need_may_be_anything() -> None:
    broken = Damaged("nnetParam", MatFileError("nothing can be read"))
    fields = properties("feedforward") | {"trainParam": broken, "userdata": object()}
    assert found(MatObject("network", lambda: fields, legacy=True)).build().problems() == []


def test_a_damaged_weight_is_said() -> None:
    fields = properties("feedforward") | {"IW": Damaged("cell", CorruptFileError("torn off"))}
    with pytest.raises(CorruptFileError, match="torn off"):
        found(MatObject("network", lambda: fields, legacy=True)).build()


def test_sparse_weights_and_function_handles_are_taken() -> None:
    made = contents("feedforward")["net"]
    rows, columns = np.nonzero(made["LW"][1, 0].T)
    values, starts = made["LW"][1, 0].T[rows, columns], np.array([0, 3, 6, 9, 12])
    sparse = SparseArray(made["LW"][1, 0].shape, values, columns, starts)
    fields = properties("feedforward")
    fields["LW"][1, 0] = sparse
    layer = fields["layers"][0, 0].fields | {"transferFcn": [FunctionHandle("tansig")]}
    fields["layers"][0, 0] = StructArray((1, 1), layer)
    net = found(MatObject("network", lambda: fields, legacy=True)).build()
    assert np.array_equal(net.LW[1, 0], made["LW"][1, 0])


def test_networks_in_cells_and_structs_go_by_their_paths(tmp_path: Path) -> None:
    saved = raw("cascade")["net"]
    nets = np.empty((1, 2), object)
    nets[0] = [saved, saved]
    path = saved_as(tmp_path, results=StructArray.scalar(best=saved, all=nets))
    with converters.open_mat(path) as mat:
        names = [one.path for one in find_models(mat)]
    assert names == ["results.best", "results.all{1}", "results.all{2}"]
    assert isinstance(converters.load(path, "results.all{2}"), ShallowNetwork)


def test_inspect_shows_it_without_running_it(tmp_path: Path) -> None:
    (net,) = [v for v in converters.inspect(fixture("linear"))["variables"] if v["layers"]]
    assert net["class"] == "network"
    assert net["view"][1:] == [
        "  x1 (2)",
        "  a1 (1) = purelin(IW{1,1}*x1(t, t-1, t-2) + b{1})",
        "  y1 (1) = a1",
    ]
    assert net["layers"][0]["learnables"] == {"IW{1,1}": [1, 6], "b{1}": [1, 1]}
    assert (net["problems"], net["remarks"]) == ([], [])


def test_inspect_says_what_keeps_it_from_being_run(tmp_path: Path) -> None:
    net = raw("pattern")["net"]
    net["layers"][0, 0].fields["transferFcn"][0] = "mytf"
    path = saved_as(tmp_path, net=net)
    record = converters.inspect(path)["variables"][0]
    assert "transfer function 'mytf'" in record["problems"][0]
    with pytest.raises(UnsupportedModelError, match="mytf"):
        converters.convert(path, tmp_path / "own.pt")


def test_loading_one_does_not_import_torch() -> None:
    code = f"import sys, converters; converters.load({str(fixture('linear'))!r}).view(); "
    code += "converters.inspect(sys.argv[1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(fixture("linear"))], check=True)


# --- verify and predict --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_verify_finds_input_and_output_beside_it(name: str) -> None:
    report = converters.verify(fixture(name))
    assert report.verdict == "equal"
    assert "Y" in {one.name for one in report.outputs}


def test_verify_takes_what_is_named(tmp_path: Path) -> None:
    made = raw("closed_loop")
    data = saved_as(tmp_path, a=made["X"], b=made["Xi"], c=made["Ai"], out=made["Y"])
    report = converters.verify(
        fixture("closed_loop"),
        input=[f"{data}:a", f"{data}:b", f"{data}:c"],
        expected=f"{data}:out",
    )
    assert report.verdict == "equal"


def test_an_output_that_is_not_its_own_is_different(tmp_path: Path) -> None:
    made = raw("feedforward")
    path = saved_as(tmp_path, net=made["net"], X=made["X"], Y=made["Y"] * 1.5)
    assert converters.verify(path).verdict == "different"


def test_an_output_off_by_a_thousandth_part_of_rounding_is_different(tmp_path: Path) -> None:
    made = raw("feedforward")
    path = saved_as(tmp_path, net=made["net"], i=made["X"], fg=made["Y"] * (1 + 1e-9))
    assert converters.verify(path).verdict == "different"


def test_targets_are_no_proof(tmp_path: Path) -> None:
    made = raw("feedforward")
    path = saved_as(tmp_path, net=made["net"], inputs=made["X"], targets=made["Y"])
    with pytest.raises(NothingToCompareError, match="None of the variables beside it") as caught:
        converters.verify(path)
    rows, samples = made["X"].shape
    assert f"inputs ({rows}×{samples} double)" in caught.value.what


def test_a_network_alone_says_what_is_missing(tmp_path: Path) -> None:
    made = raw("feedforward")
    path = saved_as(tmp_path, net=made["net"])
    with pytest.raises(NothingToCompareError, match="neither an input nor an output") as caught:
        converters.verify(path)
    takes, gives = made["X"].shape[0], made["Y"].shape[0]
    assert f"takes {takes}×Q and gives {gives}×Q" in caught.value.what


def test_names_of_apps_errors_and_transposed_data_are_found(tmp_path: Path) -> None:
    made = raw("feedforward")
    X, Y = made["X"], made["Y"]
    T = Y + 0.25
    path = saved_as(tmp_path, fg=made["net"], i=X.T, fg_outputs=Y.T, t=T, fg_errors=T - Y)
    report = converters.verify(path)
    assert report.verdict == "equal"
    assert {one.name for one in report.outputs} == {"fg_outputs", "fg_errors"}


def record(T: Array, Y: Array, **changes: Any) -> dict[str, Any]:
    """A training record over six samples."""
    squares = (T - Y) ** 2
    return {
        "performFcn": "mse",
        "trainFcn": "trainlm",
        "trainInd": np.array([[1.0, 2, 5]]),
        "valInd": np.array([[3.0, 6]]),
        "testInd": np.array([[4.0]]),
        "best_perf": squares[:, [0, 1, 4]].mean().reshape(1, 1),
        "best_vperf": squares[:, [2, 5]].mean().reshape(1, 1),
        "best_tperf": squares[:, [3]].mean().reshape(1, 1),
        **changes,
    }


def test_the_training_record_is_verified_over_the_data_beside_it(tmp_path: Path) -> None:
    made = raw("feedforward")
    T = made["Y"] + np.linspace(-1, 1, 24).reshape(4, 6)
    path = saved_as(tmp_path, net=made["net"], x=made["X"], t=T, tr=struct(record(T, made["Y"])))
    report = converters.verify(path)
    assert report.verdict == "equal"
    names = {one.name for one in report.outputs}
    assert names == {"tr.best_perf", "tr.best_vperf", "tr.best_tperf"}


def test_a_performance_that_is_not_settled_is_not_compared(tmp_path: Path) -> None:
    made = raw("feedforward")
    T = made["Y"] + np.linspace(-1, 1, 24).reshape(4, 6)
    tr = struct(record(T, made["Y"], trainFcn="trainbr"))
    path = saved_as(tmp_path, net=made["net"], x=made["X"], t=T, tr=tr)
    with pytest.raises(NothingToCompareError):
        converters.verify(path)


def test_predict_writes_cells_for_cells(tmp_path: Path) -> None:
    made = contents("recurrent")
    file = fixture("recurrent")
    predict(file, f"{file}:X", tmp_path / "Y.mat")
    Y = scipy.io.loadmat(tmp_path / "Y.mat")["Y"]
    assert Y.shape == (1, 9)
    assert np.abs(matrix(Y) - matrix(made["Y"])).max() < 1e-14


# --- convert -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", [".pt", ".safetensors", ".mat"])
def test_it_comes_back_from_what_was_written(tmp_path: Path, name: str, ending: str) -> None:
    done = converters.convert(fixture(name), tmp_path / f"net{ending}")
    assert done.exit_code == 0
    assert done.outputs
    again, net = converters.load(done.path), network(name)
    assert isinstance(again, ShallowNetwork)
    assert again.view() == net.view()
    weights = [[*one.IW.flat, *one.LW.flat, *one.b] for one in (again, net)]
    pairs = zip(*weights, strict=True)
    assert all(one is other or np.array_equal(one, other) for one, other in pairs)


def test_an_autoencoder_comes_back_as_one(tmp_path: Path) -> None:
    autoenc = Autoencoder.of(network("feedforward"), TrainedOnImages=True)
    converters.save(autoenc, tmp_path / "auto.pt")
    again = converters.load(tmp_path / "auto.pt")
    assert isinstance(again, Autoencoder)
    assert again.TrainedOnImages


@pytest.mark.usefixtures("packages_run_here")
@pytest.mark.parametrize(
    ("name", "ending"),
    [
        *itertools.product(["feedforward", "probabilistic"], [".onnx", ""]),
        ("closed_loop", ""),
        ("feedforward", ".pt2"),  # with which a file of ONNX begins
    ],
)
def test_a_program_of_it_computes_the_same_in_double(
    tmp_path: Path, name: str, ending: str
) -> None:
    done = converters.convert(fixture(name), tmp_path / f"net{ending}")
    assert done.exit_code == 0
    assert all(one.max_abs < 1e-13 for one in done.outputs)


def test_an_onnx_file_of_a_closed_loop_takes_and_gives_its_states(tmp_path: Path) -> None:
    import onnxruntime

    made = contents("closed_loop")
    options = Options(steps=8)
    done = converters.convert(fixture("closed_loop"), tmp_path / "net.onnx", options=options)
    assert done.exit_code == 0
    assert all(one.max_abs < 1e-13 for one in done.outputs)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    given = {
        "x1": matrix(made["X"]).T[None],
        "Xi1": matrix(made["Xi"]).T[None],
        "Ai2": matrix(made["Ai"][1:]).T[None],
    }
    y1, Xf1, Af2 = session.run(None, {name: np.ascontiguousarray(x) for name, x in given.items()})
    assert np.abs(y1[0].T - matrix(made["Y"])).max() < 1e-14
    assert np.array_equal(Xf1[0].T, matrix(made["X"])[:, -3:])
    assert Af2.shape == (1, 2, 1)


def test_single_precision_is_a_choice_that_is_said(tmp_path: Path) -> None:
    options = Options(dtype="single")
    done = converters.convert(fixture("radial_basis"), tmp_path / "net.onnx", options=options)
    assert done.costs[0].dtype == "single"
    assert done.costs[0].written > 1e-9
