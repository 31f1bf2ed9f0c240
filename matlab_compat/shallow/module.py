"""A shallow network as torch modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..arrays import Array
from ..engine.precision import DeviceLike, DTypeLike, torch_device, torch_dtype
from ..engine.shallow import (
    NET_INPUT,
    TRANSFER,
    WEIGHTING,
    Connection,
    Processing,
    Rows,
    Scale,
    ShallowModule,
    Transform,
)
from ..errors import UnsupportedModelError
from ..plain_text import unused
from .checks import computing_order
from .description import Description
from .parts import Steps
from .processing import Projection, Resolved, Scaling, resolve
from .registry import own


def module_of(
    net: Description,
    device: DeviceLike | None = None,
    dtype: DTypeLike | None = None,
    kind: type[ShallowModule] = ShallowModule,
) -> ShallowModule:
    """The module of a network that :meth:`~.network.ShallowNetwork.check` lets pass."""
    weights = {
        Connection(side.name, i, j, _function("weight", one.weightFcn), one.delays): _tensor(
            side.matrices[i, j]
        )
        for side, (i, j), one in sorted(net.weights(), key=lambda each: (each[0].name, each[1]))
    }
    module = kind(
        [_processing(one, one.size) for one in net.inputs],
        [one.size for one in net.inputs],
        [
            (
                layer.size,
                _function("net input", layer.netInputFcn),
                _function("transfer", layer.transferFcn),
            )
            for layer in net.layers
        ],
        computing_order(net) or [],
        weights,
        {i: _tensor(b.reshape(-1)) for i, b in enumerate(net.b) if b is not None},
        {i: _processing(one, one.size) for i, one in enumerate(net.outputs) if one is not None},
        (net.numInputDelays, net.numLayerDelays),
    )
    return module.to(torch_device(device), torch_dtype("double" if dtype is None else dtype)).eval()


def sequential_of(
    net: Description, device: DeviceLike | None = None, dtype: DTypeLike | None = None
) -> nn.Sequential:
    """Scale, Linear, Tanh, Linear, Unscale: of a chain of layers."""
    transfers: dict[str, Callable[[], nn.Module]] = {
        "tansig": nn.Tanh,
        "logsig": nn.Sigmoid,
        "poslin": nn.ReLU,
        "softmax": lambda: nn.Softmax(-1),
    }
    chain = {(i, i - 1) for i in range(1, net.numLayers)}
    if (
        net.is_dynamic
        or list(net.inputWeights) != [(0, 0)]
        or set(net.layerWeights) != chain
        or net.output_layers != [net.numLayers - 1]
        or any(one.weightFcn != "dotprod" for _, _, one in net.weights())
        or any(layer.netInputFcn != "netsum" for layer in net.layers)
    ):
        raise UnsupportedModelError(
            "The network is no chain of layers that each take the one before.",
            remedy="use to_torch(), which runs any shallow network.",
        )
    module = module_of(net, device, dtype)
    steps: list[nn.Module] = list(module.inputs[0].children())
    for i, layer in enumerate(net.layers):
        key, kind = (f"{i}_{max(i - 1, 0)}", module.LW if i else module.IW)
        linear = nn.Linear(1, 1, bias=net.b[i] is not None)
        linear.weight = kind[key]
        linear.out_features, linear.in_features = linear.weight.shape
        if net.b[i] is not None:
            linear.bias = module.b[str(i)]
        steps.append(linear)
        if layer.transferFcn != "purelin":
            made = transfers.get(layer.transferFcn)
            steps.append(made() if made else _Applied(layer.transferFcn))
    ends = list(module.outputs[str(net.numLayers - 1)].children())
    return nn.Sequential(*steps, *map(_Reversed, reversed(ends)))


class _Applied(nn.Module):
    """A transfer function that torch has no module for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function, self.name = _function("transfer", name), name

    def forward(self, n: Tensor) -> Tensor:
        """The outputs of a layer."""
        a: Tensor = self.function(n)
        return a

    def extra_repr(self) -> str:
        """MATLAB's name."""
        return self.name


class _Reversed(nn.Module):
    """A processing step backwards."""

    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, y: Tensor) -> Tensor:
        """Values in the user's units."""
        x: Tensor = self.step.reverse(y)  # type: ignore[operator]
        return x


def _function(what: str, name: str) -> Any:
    engine: Any = {"transfer": TRANSFER, "weight": WEIGHTING, "net input": NET_INPUT}
    return own(what, name) or engine[what][name]


def _processing(steps: Steps, rows: int) -> Processing:
    taken: set[str] = set()
    found, _ = resolve(steps, rows, "")
    return Processing({unused(name, taken): _step(one) for name, one in found})


def processed(steps: Steps, rows: int, values: Array) -> Array:
    """R×Q values of the user's, in the units that layers work in."""
    with torch.inference_mode():
        found: Array = _processing(steps, rows)(_tensor(values.T)).numpy().T
    return found


def _step(one: Resolved) -> nn.Module:
    if isinstance(one, Scaling):
        return Scale(_tensor(one.xoffset), _tensor(one.gain), _tensor(one.ymin))
    if isinstance(one, Projection):
        inverse = None if one.inverse is None else _tensor(one.inverse)
        return Transform(_tensor(one.transform), inverse)
    return Rows(_tensor(one.keep), _tensor(one.remove), _tensor(one.constants))


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(array.copy())
