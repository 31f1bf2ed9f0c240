"""A whole network with rounded operands.

Expected values: the network's module with weights and inputs of its layers rounded by torch, in
double, so that its sums are not those of the search.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from matlab_compat.parity.network import verify_network

from .test_unet import X, convolution, unet


def rounded(dtype: torch.dtype) -> Any:
    """What the U-Net gives with operands in ``dtype``, in MATLAB's order."""
    module: Any = unet().to_torch(dtype="double")

    def round_inputs(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return tuple(x.to(dtype).double() for x in inputs)

    for name, layer in module.named_children():
        if name.startswith(("enc", "dec", "bridge", "up")):
            layer.register_forward_pre_hook(round_inputs)
            for parameter in layer.parameters():
                if parameter.ndim == 4:  # weights, not biases
                    parameter.data = parameter.data.to(dtype).double()
    with torch.inference_mode():
        result = module(torch.from_numpy(X.transpose(3, 2, 0, 1)).double())
    return result.numpy().transpose(2, 3, 1, 0)


@pytest.mark.parametrize(("name", "dtype"), [("half", torch.half), ("bfloat16", torch.bfloat16)])
def test_operands_of_a_network(name: str, dtype: torch.dtype) -> None:
    report = verify_network(unet(), [X], {"Y": rounded(dtype)})
    assert report.verdict == "different"
    assert [d.name for d in report.diagnoses] == [f"operands in {name} precision"]
    assert "7 layers" in report.diagnoses[0].text


def test_noise_as_large_is_none() -> None:
    """As rounding to half is in one convolution."""
    layer = convolution("enc1", 3, 8)
    right = layer.predict(X)
    coarse = convolution("enc1", 3, 8, Weights=layer.Weights.astype(np.float16).astype("f4"))
    off = float(np.std(coarse.predict(X) - right))
    noise = off * np.random.default_rng(1).standard_normal(right.shape)
    report = verify_network(layer, [X], {"Y": right + noise})
    assert (report.verdict, report.diagnoses) == ("different", ())
