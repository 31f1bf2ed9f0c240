"""Shallow networks as diagrams. Expected values: the weights that the network was made of."""

from __future__ import annotations

from tests.matlab_compat.shallow import made


def test_a_box_for_each_input_layer_and_output() -> None:
    diagram = made.network("feedforward").plot()
    assert [box.name for box in diagram.boxes] == ["x1", "a1", "a2", "y1"]
    assert diagram.wires == ((0, 1), (1, 2), (2, 3))
