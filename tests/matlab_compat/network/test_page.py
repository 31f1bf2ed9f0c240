"""The page about networks. Expected values: sizes and counts by the rules of MATLAB's pages,
written out; html.parser as a reader.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from matlab_compat import (
    Network,
    additionLayer,
    convolution2dLayer,
    dlnetwork,
    fullyConnectedLayer,
    imageInputLayer,
    networkLayer,
    reluLayer,
)
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers.unsupported import UnsupportedLayer
from matlab_compat.network.page import Entry, html_page
from tests.matlab_compat.parity.reports.samples import HOSTILE
from tests.matlab_compat.shallow import made

from .made import residual


class Reader(HTMLParser):
    """The texts of a page by the element that they are in, and its links and their targets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: set[str] = set()
        self.targets: set[str] = set()
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attributes)
        self.links |= {given.get("href") or ""} - {""}
        self.targets |= {f"#{given['id']}"} if given.get("id") else set()
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def page(model: object, name: str = "net") -> str:
    return html_page("net.mat", [Entry(name, "dlnetwork", model)], {})  # type: ignore[arg-type]


def test_a_row_has_sizes_learnables_work_and_memory() -> None:
    row = next(row for row in Reader(page(residual())).rows if row[1:2] == ["conv"])
    assert row[0] == "2"
    assert row[2].startswith("2-D Convolution")
    # 28 - 3 + 1 = 26; 3*3*1*8 + 8 = 80; 26*26*8*9 = 48,672; 4*26*26*8 = 21,632 bytes
    assert row[3:] == [
        "26(S)×26(S)×8(C)×1(B)", "80Weights 3×3×1×8Bias 1×1×8", "48,672", "21.6 kB",
    ]  # fmt: skip


def test_boxes_and_rows_lead_to_each_other() -> None:
    reader = Reader(page(residual()))
    assert reader.links == {f"#{kind}-{i}" for kind in ("layer", "box") for i in (1, 2, 3, 4)}
    assert reader.links <= reader.targets


def test_weights_have_their_statistics() -> None:
    net = Network([fullyConnectedLayer(2, Name="fc", Weights=np.array([[1.0, 0], [3, 0]]))])
    row = next(row for row in Reader(page(net)).rows if row[:2] == ["fc", "Weights"])
    # mean 1; deviation sqrt((0 + 1 + 4 + 1) / 4) = 1.22
    assert row[2:8] == ["2×2", "0", "1", "3", "1.22", "2"]


def test_what_is_wrong_is_listed_at_its_layer() -> None:
    layers = [imageInputLayer([4, 4, 1], Name="in"), UnsupportedLayer("my.Swirl", {"Name": "mine"})]
    text = page(Network([*layers, additionLayer(2, Name="add")], kind="DAGNetwork"))
    assert "3 warnings" in text
    assert "my.Swirl" in text
    assert "Its input &#x27;in2&#x27; is not connected." in text
    assert '<a href="#layer-3">add</a>' in text


def test_sizes_that_do_not_fit_are_said_and_the_rest_is_shown() -> None:
    layers = [imageInputLayer([2, 2, 1], Name="in"), convolution2dLayer(5, 1, Name="conv")]
    text = page(Network(layers))
    assert "It looks at 5 elements at once, and its input has 2." in text
    assert "conv" in {row[1] for row in Reader(text).rows if len(row) > 1}


def test_connections_in_a_circle_are_drawn_and_said() -> None:
    layers = [additionLayer(2, Name="add"), reluLayer(Name="relu")]
    text = page(Network(layers, [("add", "relu"), ("relu", "add/in1")]))
    assert "circle" in text
    assert text.count('class="wire"') == 2


def test_a_nested_network_is_folded_and_sized_by_what_feeds_it() -> None:
    inner = dlnetwork([convolution2dLayer(3, 8, Name="a"), reluLayer(Name="b")])
    outer = [imageInputLayer([28, 28, 1], Name="in"), networkLayer(inner, Name="block")]
    reader = Reader(page(Network(outer)))
    sizes = {row[1]: row[3] for row in reader.rows if len(row) == 7 and row[0].isdigit()}
    assert sizes["a"] == sizes["b"] == sizes["block"] == "26(S)×26(S)×8(C)×1(B)"
    assert "details" in reader.tags


def test_networks_within_each_other_are_shown_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matlab_compat.network.network._MOST_NESTED", 100)
    net = dlnetwork([fullyConnectedLayer(2, Name="fc")])
    for _ in range(20):  # a million layers, of 21 objects
        net = dlnetwork([networkLayer(net, Name="a"), networkLayer(net, Name="b")])
    text = page(net)
    assert len(text) < 500_000
    assert "It is shown above." in text


def test_a_shallow_network_has_its_equations_picture_and_weights() -> None:
    text = page(made.network("feedforward"))
    assert "a1 (4) = tansig(IW{1,1}*x1 + b{1})" in text
    assert "<svg" in text
    assert ["a1", "b{1}"] in [row[:2] for row in Reader(text).rows]


def test_a_layer_alone_is_shown_with_its_weights() -> None:
    layer = fullyConnectedLayer(2, Name="fc", Weights=np.ones((2, 3)))
    reader = Reader(page(layer))
    assert any("FullyConnectedLayer with properties:" in text for text in reader.texts)
    assert ["", "Weights", "2×3"] in [row[:3] for row in reader.rows]


def test_what_cannot_be_built_says_why() -> None:
    text = page(UnsupportedLayerError("'x' is my.Layer.", remedy="register it"))
    assert "my.Layer" in text
    assert "register it" in text


def test_only_the_own_script_may_run() -> None:
    text = page(residual())
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    assert f"script-src 'sha256-{digest}'\">" in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize("kind", ["network", "heading"])
def test_names_from_files_are_only_text(kind: str) -> None:
    plain = Reader(page(Network([reluLayer(Name="a"), reluLayer(Name="b")])))
    hostile = Network([reluLayer(Name=HOSTILE), reluLayer(Name=HOSTILE + "b")])
    text = (
        page(hostile, HOSTILE) if kind == "network" else html_page(HOSTILE, [], {HOSTILE: HOSTILE})
    )
    assert set(Reader(text).tags) <= set(plain.tags) | {"code"}
    assert "\u202e" not in text
    assert "alert(1)</script" not in text
