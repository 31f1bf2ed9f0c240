"""What a notebook and a prompt show. Expected values: short texts, written out; html.parser."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from matlab_compat import Network, convolution2dLayer, fullyConnectedLayer, imageInputLayer
from matlab_compat.agents import Agent, Function, Spec
from matlab_compat.data_format import dlarray
from matlab_compat.detectors import Detections, Detector
from matlab_compat.errors import MatlabCompatError
from matlab_compat.table import Table
from tests.matlab_compat.parity.reports.samples import HOSTILE, report
from tests.matlab_compat.shallow import made


def texts(html: str) -> list[str]:
    """The texts outside style sheets."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            if self.cdata_elem is None:
                found.append(data)

    Reader().feed(html)
    return found


WEIGHTS = np.zeros((1, 1, 1, 100))
FULL = fullyConnectedLayer(300, Name="fc", Weights=np.ones((300, 200)), Bias=np.ones((300, 1)))
NET = Network([imageInputLayer([9, 9, 1], Name="in"), convolution2dLayer(3, 8, Name="conv")])
THRUST = Spec("thrust", (2, 1), elements=(1, 2, 3))
AGENT = Agent(
    "rl.agent.rlDDPGAgent",
    {"Actor": Function("rl.function.rlActor", NET, actions=(THRUST,))},
    unread={"Critic": MatlabCompatError("lost")},
)
YOLO = Detector("yolov2ObjectDetector", NET, ("a", "b"), np.array([[3.5, 4], [5, 6]]), ((9, 9),))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NET, "<dlnetwork of 2 layers>"),
        (NET.Layers, "<Layer array of 2 layers>"),
        (NET.analysis(), "<Analysis of 2 layers, 0 warnings>"),
        (NET.plan(), "<Plan of 2 steps>"),
        (Table({"A": [WEIGHTS], "B": [1]}), "<Table of 1 row: A, B>"),
        (AGENT, "<rlDDPGAgent: Actor>"),
        (AGENT.functions["Actor"], "<rlActor: <dlnetwork of 2 layers>>"),
        (Detector("yolov2ObjectDetector", NET, ("a", "b")),
         "<yolov2ObjectDetector of 2 classes: <dlnetwork of 2 layers>>"),
        (report(), "<Report: equal, 1 comparison>"),
        (dlarray(np.zeros((28, 28, 3), np.float32), "SSC"), "<28×28×3 float32 dlarray 'SSC'>"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_prompt_shows_a_line(value: object, text: str) -> None:
    assert repr(value) == text


def test_a_layer_of_many_weights_has_none_of_them_in_its_repr() -> None:
    weights = np.zeros((10, 50))
    assert len(repr(FULL)) < 120
    assert len(repr(fullyConnectedLayer(10, Weights=weights, Bias=np.zeros((10, 1))))) < 300


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (NET, ["dlnetwork of 2 layers", "80", "7(S)×7(S)×8(C)×1(B)"]),  # 9 - 3 + 1; 3*3*1*8 + 8
        (NET.Layers, ["2×1 Layer array", "conv", "2-D Convolution"]),
        (FULL, ["fc: 300 fully connected layer", "Weights", "300×200"]),
        (Table({"Name": ["a"], "Value": [WEIGHTS]}), ["1×2 table", "Name", "{1×1×1×100 dlarray}"]),
        (made.network("feedforward"), ["x1", "a1", "tansig"]),
        (report(off=1.0), ["comparison: different", "✗ different"]),
        (
            AGENT,
            [
                "rlDDPGAgent",
                "Actor",
                "<rlActor: <dlnetwork of 2 layers>>",
                "Critic",
                "not read: lost",
                "7(S)×7(S)×8(C)×1(B)",
            ],
        ),
        (
            AGENT.functions["Actor"],
            ["rlActor", "action", "thrust", "2×1", "one of 3", "dlnetwork of 2 layers"],
        ),
        (YOLO, ["a, b", "9×9", "3.5×4, 5×6", "dlnetwork of 2 layers"]),
        (
            Detections(np.array([[1, 2, 3, 4.0]]), np.array([0.75]), ["cat"], ("resized",)),
            ["1 object", "cat", "0.7500", "4.0", "note: resized"],
        ),
        (dlarray(np.arange(13.0), "C"), ["13 float64 dlarray 'C'", "6", "12"]),
        (dlarray(np.ones(2), "C"), ["2 float64 dlarray 'C'", "[1. 1.]\n"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_notebook_shows_what_it_is(value: Any, said: list[str]) -> None:
    shown = texts(value._repr_html_())
    assert set(said) <= set(shown)


def test_names_from_files_are_only_text() -> None:
    shown = Table({HOSTILE: [HOSTILE]})._repr_html_()
    assert "<script" not in shown
    assert "\u202e" not in shown


def test_long_tables_end_with_how_much_there_is() -> None:
    shown = Table({"A": list(range(1000))})._repr_html_()
    assert "... and 900 more rows." in texts(shown)


def test_a_network_whose_layers_do_not_fit_is_shown_with_the_reason() -> None:
    net = Network([imageInputLayer([2, 2, 1], Name="in"), convolution2dLayer(5, 1, Name="conv")])
    assert any("looks at 5 elements" in text for text in texts(net._repr_html_()))
    circle = Network([fullyConnectedLayer(1, Name="fc")], [("fc", "fc")])
    assert any("circle" in text for text in texts(circle._repr_html_()))


def test_a_printed_report_is_what_the_command_line_prints() -> None:
    assert str(report()).splitlines()[-1] == "comparison: equal"
