"""Shallow networks as diagrams. Expected values: the weights that the network was made of."""

from __future__ import annotations

from tests.matlab_compat.shallow import made


def test_a_box_for_each_input_layer_and_output() -> None:
    diagram = made.network("feedforward").plot()
    assert [(box.name, box.size) for box in diagram.boxes] == [
        ("x1", "3"),
        ("a1", "4"),
        ("a2", "3"),
        ("y1", "4"),
    ]
    assert diagram.wires == ((0, 1), (1, 2), (2, 3))
