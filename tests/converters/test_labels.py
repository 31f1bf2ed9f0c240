"""Labels in place of scores, and cell arrays of sequences, found whatever they are called.

Expected values: networks whose scores are written out by the test (an identity with a softmax keeps
the largest where it is), and files that mat-io and scipy write.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse
import torch

import converters
from converters.data import read_array
from converters.formats.mat_struct import network_struct
from converters.matfile.writer import write_mat
from converters.verify import Task, run
from matlab_compat import Network
from matlab_compat.arrays import Array
from matlab_compat.errors import (
    MatlabCompatWarning,
    NothingToCompareError,
    PropertyError,
    UsageError,
)
from matlab_compat.layers import (
    ClassificationOutputLayer,
    FeatureInputLayer,
    FullyConnectedLayer,
    Layer,
    SequenceInputLayer,
    SoftmaxLayer,
)
from matlab_compat.parity.categories import Labels
from matlab_compat.parity.report import Report
from matlab_compat.testing import assert_matches_matlab
from tests import oracle_matio

pd = pytest.importorskip("pandas")  # comes with mat-io

CLASSES = ["cat", "dog", "emu"]
SCORES = np.float32([[3, 1, 2], [0, 5, 1], [1, 2, 9], [4, 0, 0], [0, 1, 0]])
RIGHT = [1, 2, 3, 1, 2]


def categorical(codes: list[int], categories: list[str] = CLASSES) -> Any:
    """1-based codes, 0 for undefined; mat-io writes them as a row."""
    return pd.Categorical.from_codes(np.array(codes) - 1, categories=categories)


def network(kind: str = "SeriesNetwork", first: Layer | None = None) -> Network:
    """Scores that are the input's, through a softmax."""
    eye = FullyConnectedLayer(OutputSize=3, Name="fc", Weights=np.eye(3), Bias=np.zeros((3, 1)))
    layers = [first or FeatureInputLayer(InputSize=3, Name="in"), eye, SoftmaxLayer(Name="s")]
    if kind == "SeriesNetwork":
        layers.append(ClassificationOutputLayer(Classes=CLASSES, Name="out"))
    return Network(layers, kind=kind)


def verified(folder: Path, Y: Any, net: Network | None = None, X: Any = SCORES) -> Report:
    """A network and its input in one file, and the labels in another."""
    write_mat(folder / "net.mat", {"net": network_struct(net or network()), "X": X}, overwrite=True)
    oracle_matio.save(folder / "labels.mat", {"YPred": Y})
    return converters.verify(folder / "net.mat", expected=f"{folder / 'labels.mat'}:YPred")


def test_labels_that_go_with_the_largest_scores_are_equal(tmp_path: Path) -> None:
    report = verified(tmp_path, categorical(RIGHT))
    assert (report.verdict, report.outputs[0].elements) == ("equal", 5)
    assert [warning.name for warning in report.warnings] == ["labels only"]


def test_labels_may_stand_in_a_column(tmp_path: Path) -> None:
    labels = Labels(tuple(CLASSES[i - 1] for i in RIGHT), (5, 1))
    report = run(Task(network(), [SCORES], {"Y": labels}), dtype="single")
    assert (report.verdict, report.outputs[0].shape) == ("equal", (5, 1))


def test_a_wrong_label_is_found_and_both_classes_are_named(tmp_path: Path) -> None:
    report = verified(tmp_path, categorical([1, 2, 1, 1, 2]))
    assert (report.verdict, report.exit_code, report.outputs[0].outside) == ("different", 1, 1)
    reason = report.outputs[0].reason
    assert reason == "1 of 5 labels differ; Y(3,1) is 'cat' in MATLAB and 'emu' here"


def test_an_undefined_label_differs_and_none_but_those_are_refused(tmp_path: Path) -> None:
    report = verified(tmp_path, categorical([1, 2, 0, 1, 2]))
    assert report.verdict == "different"
    assert "'<undefined>' in MATLAB" in report.outputs[0].reason
    with pytest.raises(NothingToCompareError):
        verified(tmp_path, categorical([0, 0, 0, 0, 0]))


@pytest.mark.parametrize("code", [1, 2])
def test_a_tie_within_rounding_may_go_either_way(tmp_path: Path, code: int) -> None:
    X = np.float32([[1, 1, 0], [3, 1, 2]])
    assert verified(tmp_path, categorical([code, 1]), X=X).verdict == "equal"


def test_text_is_labels_as_well(tmp_path: Path) -> None:
    cell = np.empty((5, 1), dtype=object)
    cell[:, 0] = [CLASSES[i - 1] for i in RIGHT]
    assert verified(tmp_path, cell).verdict == "equal"


def test_a_dlnetwork_has_its_classes_from_the_categories(tmp_path: Path) -> None:
    net = network("dlnetwork")
    assert verified(tmp_path, categorical(RIGHT), net).exit_code == 0
    assert verified(tmp_path, categorical([1, 2, 1, 1, 2]), net).exit_code == 1
    fewer = categorical([1, 2, 1, 1, 2], CLASSES[:2])
    with pytest.raises(UsageError, match="2 classes, but there are 3 scores"):
        verified(tmp_path, fewer, net)


def test_labels_of_other_classes_or_another_number_are_refused(tmp_path: Path) -> None:
    others = categorical(RIGHT, ["cat", "dog", "yak"])
    with pytest.raises(UsageError, match="'yak' in Y is none of the network's classes"):
        verified(tmp_path, others)
    with pytest.raises(UsageError, match="labels in Y, but scores for 5×1"):
        verified(tmp_path, categorical(RIGHT[:4]))


def test_labels_of_sequences(tmp_path: Path) -> None:
    net = network(first=SequenceInputLayer(InputSize=3, Name="in"))
    X, Y = np.empty((2, 1), dtype=object), np.empty((2, 1), dtype=object)
    X[:, 0] = [SCORES[:3].T.copy(), SCORES.T.copy()]
    Y[0, 0], Y[1, 0] = categorical(RIGHT[:3]), categorical([*RIGHT[:4], 1])
    report = verified(tmp_path, Y, net, X)
    assert [o.verdict for o in report.outputs] == ["equal", "different"]
    assert "Y{2}(1,5) is 'cat' in MATLAB and 'dog' here" in report.outputs[1].reason


def test_the_only_categorical_of_a_file_is_the_expected_output(tmp_path: Path) -> None:
    verified(tmp_path, categorical(RIGHT))
    labels = str(tmp_path / "labels.mat")
    assert converters.verify(tmp_path / "net.mat", expected=labels).verdict == "equal"
    with pytest.raises(PropertyError, match="not categorical") as caught:
        read_array(f"{labels}:YPred")
    assert "Y = predict(net, X)" in caught.value.remedy


def bundled(path: Path, right: list[int], net: Network | None = None, **variables: Any) -> Path:
    """A network (if any) with its input and labels in one file."""
    cell = np.empty((5, 1), dtype=object)
    cell[:, 0] = [CLASSES[i - 1] for i in right]
    known = {} if net is None else {"net": network_struct(net)}
    write_mat(path, {**known, "X": SCORES, "Y": cell, **variables})
    return path


def test_assert_matches_matlab_compares_the_largest_scores_with_labels(tmp_path: Path) -> None:
    net = network()
    good, bad = (
        bundled(tmp_path / f"{name}.mat", codes, net)
        for name, codes in (("good", RIGHT), ("bad", [1, 2, 1, 1, 2]))
    )
    with pytest.warns(MatlabCompatWarning, match="holds labels"):
        assert_matches_matlab(net, good)
    with pytest.raises(AssertionError, match="1 of 5 labels differ"):
        assert_matches_matlab(net, bad)


@pytest.mark.filterwarnings("ignore::matlab_compat.errors.MatlabCompatWarning")
def test_assert_matches_matlab_takes_the_scores_of_torch_for_labels(tmp_path: Path) -> None:
    bundle = bundled(tmp_path / "b.mat", RIGHT, network())
    scores = torch.from_numpy(SCORES)
    assert_matches_matlab(lambda X: scores.softmax(1), bundle)
    with pytest.raises(AssertionError, match="labels differ"):
        assert_matches_matlab(scores.flip(1), bundle)


def test_assert_matches_matlab_needs_a_network_for_labels(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no layer or network to compute scores with"):
        assert_matches_matlab(SCORES, bundled(tmp_path / "b.mat", RIGHT))


# --- cell arrays of sequences -----------------------------------------------------------


def sequences() -> Array:
    cell = np.empty((3, 1), dtype=object)
    cell[:, 0] = [SCORES[:n].T.copy() for n in (2, 3, 5)]
    return cell


def test_a_cell_array_of_sequences_is_found_whatever_its_name(tmp_path: Path) -> None:
    names = np.empty((1, 1), dtype=object)
    names[0, 0] = "a text"
    scipy.io.savemat(tmp_path / "s.mat", {"XTest": sequences(), "names": names})
    found = read_array(str(tmp_path / "s.mat"))
    assert [x.shape for x in found] == [(3, 2), (3, 3), (3, 5)]


def test_of_a_cell_array_and_an_array_none_is_chosen_silently(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "s.mat", {"XTest": sequences(), "YTest": np.ones((3, 1))})
    with pytest.raises(UsageError, match="2 arrays: XTest, YTest") as caught:
        read_array(str(tmp_path / "s.mat"))
    assert f"{tmp_path / 's.mat'}:XTest" in caught.value.remedy


def test_a_file_without_arrays_says_what_it_has(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "s.mat", {"s": {"X": np.ones(3)}})
    with pytest.raises(UsageError, match=r"has s \(struct\); a numeric"):
        read_array(str(tmp_path / "s.mat"))


def test_a_sparse_array_where_a_full_one_belongs(tmp_path: Path) -> None:
    converters.write_mat(tmp_path / "s.mat", {"X": scipy.sparse.csc_matrix(np.eye(3))})
    with pytest.raises(PropertyError, match="not a sparse one") as caught:
        read_array(f"{tmp_path / 's.mat'}:X")
    assert "full(X)" in caught.value.remedy
