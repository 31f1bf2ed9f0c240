"""What other libraries say of an error, as far as it is passed on.

Expected values: made-up errors in the forms that torch's have, written out here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import converters
import matlab_compat as mc
from matlab_compat.errors import CorruptFileError, cause_text


def test_the_first_line_without_colours_and_advice() -> None:
    said = "\x1b[1mmat1 and mat2\x1b[0m cannot be multiplied\n\x1b[31mdo this\x1b[0m instead"
    assert cause_text(RuntimeError(said)) == "mat1 and mat2 cannot be multiplied"


def test_an_error_without_words_is_its_class() -> None:
    assert cause_text(KeyError()) == "KeyError"


def test_long_words_are_shortened() -> None:
    assert len(cause_text(ValueError("a" * 10_000))) <= 300


def test_weights_that_do_not_fit_are_said_in_our_words(tmp_path: Path) -> None:
    """Torch's: "Error(s) in loading state_dict for GraphModule: ..."."""
    path = tmp_path / "net.pt"
    network = mc.dlnetwork(
        [mc.featureInputLayer(3, Name="in"), mc.fullyConnectedLayer(2, Name="fc")]
    )
    converters.save(network, path)
    document = torch.load(path, weights_only=True)
    document["state_dict"] = {k: torch.zeros(7) for k in document["state_dict"]}
    torch.save(document, path)
    with pytest.raises(CorruptFileError, match="weights do not fit") as caught:
        converters.load(path)
    assert "state_dict" not in str(caught.value)
