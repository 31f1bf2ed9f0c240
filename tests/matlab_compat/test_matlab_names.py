"""MATLAB's spelling of names. Expected: the names of the documentation's pages."""

from __future__ import annotations

import pytest

from matlab_compat.matlab_names import function_name


@pytest.mark.parametrize(
    ("class_name", "function"),
    [
        ("ReLULayer", "reluLayer"),
        ("PReLULayer", "preluLayer"),
        ("ELULayer", "eluLayer"),
        ("LeakyReLULayer", "leakyReluLayer"),
        ("YOLOv2OutputLayer", "yolov2OutputLayer"),
        ("BiLSTMLayer", "bilstmLayer"),
        ("LSTMProjectedLayer", "lstmProjectedLayer"),
        ("Image3DInputLayer", "image3dInputLayer"),
        ("GlobalAveragePooling1DLayer", "globalAveragePooling1dLayer"),
        ("DepthToSpace2DLayer", "depthToSpace2dLayer"),
    ],
)
def test_a_function_is_its_class_in_lower_case_words(class_name: str, function: str) -> None:
    assert function_name(class_name) == function


def test_a_name_of_no_words_is_taken_whole() -> None:
    assert function_name("gain") == "gain"
