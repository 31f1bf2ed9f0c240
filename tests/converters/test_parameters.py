"""Parameters of custom training loops: opened, shown, written and read back.

Expected values: ``fixtures/kinds/parameters.mat``, whose network GNU Octave computed; structs that
scipy wrote; labelled arrays by ``fixtures/native/mcos_writer``, in the layout of real files.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch

import converters
from converters.matfile import Limits
from converters.matfile.values import StructArray
from converters.parameters import Parameters, named
from fixtures.kinds.make_kinds import write
from fixtures.native.make_native import num, struct
from fixtures.native.mcos_writer import Instance
from matlab_compat import dlarray
from matlab_compat.errors import (
    AmbiguousLayerError,
    CorruptFileError,
    FunctionNeededError,
    LayerNotFoundError,
    LimitExceededError,
    MatlabCompatError,
    UsageError,
    VariableNotFoundError,
)
from tests.converters.exports import cells, save, struct_array

OCTAVE = Path(__file__).parents[2] / "fixtures" / "kinds" / "parameters.mat"
ENDINGS = (".pt", ".pth", ".safetensors", ".npz", ".mat")


def test_the_function_written_with_them_gives_what_octave_computed() -> None:
    p, truth = converters.load_parameters(OCTAVE), scipy.io.loadmat(OCTAVE)
    x = np.tanh(p["fc1"]["Weights"] @ truth["X"] + p["fc1"]["Bias"])
    for layer in p["hidden"]:
        x = np.tanh(layer["W"] @ x + layer["b"])
    for head, expected in zip(p["heads"], ("Y1", "Y2"), strict=True):
        y = p["scale"] * (head["Weights"] @ x + head["Bias"])
        np.testing.assert_allclose(y, truth[expected], rtol=0, atol=2e-6)


def test_arrays_go_by_the_expressions_that_reach_them() -> None:
    p = converters.load_parameters(OCTAVE)
    assert list(p.arrays()) == [
        *("fc1.Weights", "fc1.Bias", "hidden{1}.W", "hidden{1}.b", "hidden{2}.W", "hidden{2}.b"),
        *("heads(1).Weights", "heads(1).Bias", "heads(2).Weights", "heads(2).Bias", "scale"),
    ]
    assert p.count == 15 + 5 + 20 + 4 + 16 + 4 + 8 + 2 + 4 + 1 + 1
    assert p.others == ["activation"]
    assert p["activation"] == "tanh"


def test_it_shows_names_sizes_and_the_sum() -> None:
    found = converters.load_parameters(OCTAVE)
    assert repr(found) == "<Parameters 'parameters': 80 numbers in 11 arrays>"
    text = str(found)
    assert text.splitlines()[0] == "parameters: 80 numbers in 11 arrays"
    assert "  hidden{1}.W       4×5 single" in text.splitlines()


# --- labels and values on a GPU ---------------------------------------------------------------


def saved_dlarray(data: Any, labels: str) -> Instance:
    """A dlarray as releases since 2021 save it."""
    saved = struct(
        IsBlank=np.array([[False]]),
        Data=data,
        DimensionTypes=labels,
        ViewPermutation=np.zeros((0, 0)),
        ClassVersion=num(2),
        SupportsClassFrom=num(1),
    )
    return Instance("dlarray", {"any": saved}, saved=True)


def on_gpu(data: Any) -> Instance:
    """A gpuArray as ``save`` gathers it."""
    cell = np.empty((1, 2), object)
    cell[0, :] = [num(1), data]
    return Instance("gpuArray", {"any": cell}, saved=True)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    weights, offset = rng.standard_normal((2, 5, 3))
    fc1 = struct(Weights=on_gpu(weights), Bias=saved_dlarray(offset, "CB"))
    return write(tmp_path / "l.mat", p=struct(fc1=fc1))


def test_labels_are_kept_and_values_on_a_gpu_are_arrays(labelled: Path) -> None:
    p = converters.load_parameters(labelled)
    weights, offset = np.random.default_rng(0).standard_normal((2, 5, 3))
    np.testing.assert_array_equal(p["fc1"]["Weights"], weights)
    assert isinstance(p["fc1"]["Bias"], dlarray)
    assert p["fc1"]["Bias"].dims() == "CB"
    np.testing.assert_array_equal(p.arrays()["fc1.Bias"], offset)
    assert p.labels == {"fc1.Bias": "CB"}


def test_labels_are_kept_within_an_object(tmp_path: Path) -> None:
    bias = struct(Bias=saved_dlarray(np.ones((2, 1)), "CB"))
    file = write(tmp_path / "o.mat", model=Instance("my.Model", {"fc": bias}))
    assert converters.load_parameters(file, "model.fc").labels == {"Bias": "CB"}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_convert_wrote_reads_back_with_names_and_labels(
    labelled: Path, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"p{ending}"
    converters.convert(labelled, out)
    found, expected = converters.load_parameters(out), converters.load_parameters(labelled)
    assert found.labels == expected.labels
    assert list(found.arrays()) == list(expected.arrays())
    for name, array in expected.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_structs_cells_and_struct_arrays_come_back_in_their_sizes(
    tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"p{ending}"
    done = converters.convert(OCTAVE, out)
    found, expected = converters.load_parameters(out), converters.load_parameters(OCTAVE)
    assert found.containers() == expected.containers() == {"hidden": (2, 1), "heads": (1, 2)}
    assert list(found.arrays()) == list(expected.arrays())
    left_out = "left out, being no numbers: activation"
    assert (left_out in done.remarks) == (ending != ".mat")


def test_a_state_dict_is_read_by_torch_alone(tmp_path: Path) -> None:
    converters.convert(OCTAVE, tmp_path / "p.pt")
    state = torch.load(tmp_path / "p.pt", weights_only=True)["state_dict"]
    expected = scipy.io.loadmat(OCTAVE)["parameters"]["fc1"][0, 0]["Weights"][0, 0]
    np.testing.assert_array_equal(state["fc1.Weights"].numpy(), expected)


def test_safetensors_are_read_by_their_library_alone(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    converters.convert(OCTAVE, tmp_path / "p.safetensors")
    expected = scipy.io.loadmat(OCTAVE)["parameters"]["fc1"][0, 0]["Weights"][0, 0]
    found = load_file(tmp_path / "p.safetensors")
    np.testing.assert_array_equal(found["fc1.Weights"], expected)


def test_a_mat_file_is_read_by_scipy_alone(labelled: Path, tmp_path: Path) -> None:
    converters.convert(labelled, tmp_path / "q.mat")
    found = scipy.io.loadmat(tmp_path / "q.mat", simplify_cells=True)
    _, offset = np.random.default_rng(0).standard_normal((2, 5, 3))
    np.testing.assert_array_equal(found["p"]["fc1"]["Bias"], offset)
    assert found["p_labels"] == {"Name": "fc1.Bias", "Labels": "CB"}


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "p.npz"
    out.write_bytes(b"mine")
    with pytest.raises(UsageError):
        converters.convert(OCTAVE, out)
    assert out.read_bytes() == b"mine"


def test_complex_numbers_are_refused_by_safetensors_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "c.mat", p={"W": np.ones((2, 2)) * 1j, "b": np.ones((2, 1))})
    with pytest.raises(UsageError, match="no complex numbers: W"):
        converters.convert(path, tmp_path / "c.safetensors")
    converters.convert(path, tmp_path / "c.pt")
    assert converters.load_parameters(tmp_path / "c.pt").arrays()["W"].dtype == np.complex128


# --- which ones are meant ---------------------------------------------------------------------

TWO = {"W": np.ones((2, 3)), "b": np.ones((2, 1))}


def test_any_struct_opens_where_it_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "n.mat", s={"deep": {"alpha": np.ones((2, 2)), "k": np.ones((3, 1))}})
    assert list(converters.load_parameters(path, "s.deep").arrays()) == ["alpha", "k"]
    with pytest.raises(LayerNotFoundError, match="There are no parameters in it") as caught:
        converters.load_parameters(path)
    assert "variable='s'" in caught.value.remedy


def test_a_cell_or_struct_array_is_a_field_of_its_own_name(tmp_path: Path) -> None:
    path = save(tmp_path / "n.mat", layers=cells(TWO, TWO), heads=struct_array([TWO, TWO]))
    assert next(iter(converters.load_parameters(path, "layers").arrays())) == "layers{1}.W"
    assert list(converters.load_parameters(path, "heads").arrays())[3] == "heads(2).b"


def test_variables_called_like_weights_open_together(tmp_path: Path) -> None:
    path = save(tmp_path / "v.mat", fc1_W=np.ones((2, 3)), fc1_b=np.ones((2, 1)), note="text")
    assert list(converters.load_parameters(path).arrays()) == ["fc1_W", "fc1_b"]


def test_several_structs_ask_which(tmp_path: Path) -> None:
    path = save(tmp_path / "s.mat", encoder=TWO, decoder=TWO)
    with pytest.raises(AmbiguousLayerError) as caught:
        converters.load_parameters(path)
    assert "encoder, decoder" in caught.value.what
    assert "variable='encoder'" in caught.value.remedy
    assert len(converters.load_parameters(path, "decoder").arrays()) == 2


@pytest.mark.parametrize("variable", ["X", "p.W", "p.nothing"])
def test_what_is_no_struct_is_refused(tmp_path: Path, variable: str) -> None:
    path = save(tmp_path / "s.mat", p=TWO, X=np.ones((2, 2)))
    with pytest.raises(LayerNotFoundError, match="no struct at"):
        converters.load_parameters(path, variable)


def test_a_variable_that_is_not_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(VariableNotFoundError):
        converters.load_parameters(save(tmp_path / "s.mat", p=TWO), "q")


def test_a_struct_without_numbers_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "s.mat", s={"a": "text"})
    with pytest.raises(LayerNotFoundError, match="no array of numbers in s"):
        converters.load_parameters(path, "s")


def test_running_them_asks_for_the_function(tmp_path: Path) -> None:
    for use in (converters.load, converters.verify):
        with pytest.raises(FunctionNeededError, match="without the layers or the function"):
            use(OCTAVE)


def test_a_written_file_opens_whole(tmp_path: Path) -> None:
    converters.convert(OCTAVE, tmp_path / "p.npz")
    with pytest.raises(UsageError, match="one set of parameters"):
        converters.load_parameters(tmp_path / "p.npz", "p")


def test_a_file_of_parameters_is_no_model(tmp_path: Path) -> None:
    for ending in (".pt", ".safetensors"):
        converters.convert(OCTAVE, tmp_path / f"p{ending}")
        with pytest.raises(CorruptFileError, match="holds parameters that matlab-compat wrote"):
            converters.load(tmp_path / f"p{ending}")


# --- files that lie ---------------------------------------------------------------------------


def npz(path: Path, names: list[str], about: dict[str, Any]) -> Path:
    """An .npz file that says what it likes of itself."""
    said = {"names": names, "labels": {}, "sizes": {}, "name": "p"} | about
    with zipfile.ZipFile(path, "w") as archive:
        for name in {*names, "__matlab__"}:
            value = np.array(json.dumps(said)) if name == "__matlab__" else np.ones((2, 2))
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, value)
    return path


@pytest.mark.parametrize(
    ("names", "about"),
    [
        (["a", "a.b"], {}),
        (["a{1}", "a(1).b"], {}),
        (["a{1}", "a.b"], {}),
        (["{1}"], {}),
        (["a{0}"], {}),
        (["a{99999999}"], {}),
        (["a{1}"], {"sizes": {"a": [100000, 100000]}}),
        (["a{3}"], {"sizes": {"a": [1, 2]}}),
        (["a" + ".b" * 200], {}),
        (["a"], {"labels": {"a": "QQ"}}),
        (["a"], {"labels": {"a": "C"}}),
        (["a"], {"labels": 5}),
        (["a"], {"sizes": 5}),
        (["a"], {"sizes": {"a": "x"}}),
        (["a"], {"names": 7}),
        (["a"], {"names": ["b"]}),
        (["a"], {"name": None, "labels": None}),
    ],
)
def test_names_that_contradict_each_other_are_an_error_of_ours(
    tmp_path: Path, names: list[str], about: dict[str, Any]
) -> None:
    with pytest.raises(MatlabCompatError):
        converters.load_parameters(npz(tmp_path / "p.npz", names, about))


@pytest.mark.parametrize("ending", [".pt", ".safetensors", ".npz"])
@pytest.mark.parametrize("content", [b"", b"nothing", bytes(100), b"PK\x03\x04" + bytes(50)])
def test_what_is_no_such_file_is_an_error_of_ours(
    tmp_path: Path, ending: str, content: bytes
) -> None:
    path = tmp_path / f"p{ending}"
    path.write_bytes(content)
    with pytest.raises(MatlabCompatError):
        converters.load_parameters(path)


def test_an_array_of_python_objects_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, a=np.array([print], object), __matlab__=np.array("{}"))
    with pytest.raises(CorruptFileError):
        converters.load_parameters(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez_compressed(path, a=np.zeros(100_000), __matlab__=np.array("{}"))
    assert path.stat().st_size < 10_000
    with pytest.raises(LimitExceededError, match=r"the limit is 10000\."):
        converters.load_parameters(path, limits=Limits(max_bytes=10_000))


def test_damage_within_is_named(tmp_path: Path) -> None:
    broken = saved_dlarray(np.ones((2, 2)), "CB")
    fields = dict(broken.properties["any"].fields)
    fields["ViewPermutation"] = [num(2, 1)]
    broken = Instance("dlarray", {"any": StructArray((1, 1), fields)}, saved=True)
    path = write(tmp_path / "d.mat", p=struct(Weights=broken, Bias=np.ones((2, 1))))
    with pytest.raises(MatlabCompatError, match=r"(?i)permut"):
        converters.load_parameters(path, "p")


def test_names_take_values_apart_and_put_them_together() -> None:
    values = {"a": StructArray.scalar(b=np.ones((2, 2))), "c": cells(np.ones((1, 1)), "text")}
    p = Parameters(values)
    again = named(p.arrays().items(), p.labels, p.containers())
    assert again.containers() == {"c": (1, 2)}
    assert list(again.arrays()) == ["a.b", "c{1}"]


def test_a_notebook_shows_names_sizes_and_what_is_no_array() -> None:
    values = {"fc": StructArray.scalar(W=dlarray(np.ones((2, 3)), "CB")), "act": "relu"}
    shown = Parameters(values)._repr_html_()
    for cell in ("fc.W", "2×3", "double", "CB", "act", "no numbers"):
        assert f">{cell}</t" in shown
