"""A network's module made ready for inference: what can be computed once is, before the first run.

* Batch normalization goes into the convolution, transposed convolution or fully connected layer
  before it, where nothing else takes that layer's output.
* Activations go into the layer before them, or work in place.
* What flattens an image for a fully connected layer goes into that layer, whose weights are put in
  the order in which the image lies in memory.
* An addition goes into the convolution before it.
* For each size of inputs, layers choose the fastest way and results in between have a fixed place
  in memory (:mod:`.run`).
* Dropout goes; the divisor of the input's normalization is computed, and arrays that scale are put
  into torch's order.
* Images are channels last in memory from the first convolution to the end, which most kernels are
  faster with; no layer between copies them to another layout.

Where gradients, exporters or another device want torch's plain operators, they get them, layer by
layer. Each of these was measured (benchmarks/NOTES.md, "Networks"); what did not pay is not here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import UsageError
from ..activations import Scaling
from ..convolution import PaddedConvolution
from ..fully_connected import FullyConnected
from ..inputs import Normalization
from ..matconvnet import DeviationNorm
from ..normalization import SpatialDropout
from ..pooling import AveragePooling, MaxPooling
from ..recurrent import LSTM
from ..structure import Addition, Concatenation, Flatten
from ..transposed_convolution import CroppedConvTranspose
from .inference import (
    Activation,
    Convolution,
    Dense,
    FixedNormalization,
    FixedScaling,
    Joined,
    Pooling,
    SavedStateLSTM,
    TransposedConvolution,
)
from .run import InferenceModule

Linear = PaddedConvolution | CroppedConvTranspose | FullyConnected
#: Modules whose output is memory of its own, which an activation may overwrite.
NEW_OUTPUT = (
    *(PaddedConvolution, CroppedConvTranspose, FullyConnected),
    *(Convolution, TransposedConvolution, Dense),
    *(Addition, Concatenation, Joined, MaxPooling, AveragePooling, Pooling),
    *(_BatchNorm, DeviationNorm),
)


@torch.no_grad()
def optimized(module: fx.GraphModule) -> InferenceModule:
    """The network's module (which is used up) for inference, with the same inputs and outputs."""
    module.eval()
    for node in module.graph.nodes:
        if node.op == "call_module":
            _simplify(module, node)
    module.delete_all_unused_submodules()
    made = InferenceModule(module, module.graph, class_name="Network")
    made.requires_grad_(False)
    layers = {a: name for a, name in module.meta["layers"].items() if hasattr(made, a)}
    made.meta.update({**module.meta, "layers": layers})
    return made


def tried(
    module: InferenceModule, example: Tensor | Sequence[Tensor], seconds: float = 0
) -> InferenceModule:
    """The module after a first call, with an input or several, and what it makes ready.

    In so many ``seconds`` more it is called until it is known what computes them fastest, which
    calls in use find out otherwise.
    """
    inputs = [example] if isinstance(example, Tensor) else list(example)
    if not all(isinstance(x, Tensor) for x in inputs):
        raise UsageError(
            "optimize takes True, False, or an example: a torch tensor for each input.",
            remedy="torch.from_numpy makes one of an array; the layout is N,C,H,W, N,C,T or N,C.",
        )
    module.patience = 0
    with torch.inference_mode():
        module(*inputs)
        end = time.perf_counter() + seconds
        while module.workspaces.trials and time.perf_counter() < end:
            module(*inputs)
    del module.patience
    return module


def _simplify(module: fx.GraphModule, node: fx.Node) -> None:
    """Replace one layer, and those after it that it can do the work of."""
    layer = module.get_submodule(str(node.target))
    replaced: nn.Module | None = None
    if isinstance(layer, fx.GraphModule):
        replaced = optimized(layer)
    elif isinstance(layer, nn.Dropout | SpatialDropout | nn.Identity):
        _remove(node)
    elif isinstance(layer, Linear):
        if isinstance(layer, FullyConnected) and not layer.time:
            _take_flattening(module, node)
        _fold_normalization(module, node, layer)
        replaced = _linear(module, node, layer)
    elif isinstance(layer, Normalization):
        replaced = FixedNormalization(layer)
    elif isinstance(layer, MaxPooling | AveragePooling) and len(layer.pool_size) == 2:
        if isinstance(layer, MaxPooling) or layer.count_padding:
            replaced = Pooling(layer)
    elif isinstance(layer, Concatenation | Addition):
        replaced = Joined(layer)
    elif isinstance(layer, LSTM) and _is_plain(layer, node):
        replaced = SavedStateLSTM(layer)
    elif isinstance(layer, Scaling):
        replaced = FixedScaling(layer)
    elif _may_overwrite(module, node):
        replaced = Activation.of(layer)
    if replaced is not None:
        module.set_submodule(str(node.target), replaced)


def _remove(node: fx.Node) -> None:
    node.replace_all_uses_with(node.all_input_nodes[0])
    node.graph.erase_node(node)


def _follower(module: fx.GraphModule, node: fx.Node) -> tuple[fx.Node, nn.Module] | None:
    """The layer after ``node``, if nothing else takes its output."""
    users = list(node.users)
    if len(users) != 1 or users[0].op != "call_module" or len(users[0].args) != 1:
        return None
    return users[0], module.get_submodule(str(users[0].target))


def _take_flattening(module: fx.GraphModule, node: fx.Node) -> None:
    """Remove what flattens the input of a fully connected layer in the order that it takes."""
    before = node.all_input_nodes[0]
    if before.op != "call_module" or len(before.users) != 1:
        return
    flatten = module.get_submodule(str(before.target))
    if isinstance(flatten, Flatten) and flatten.order == "column-major" and not flatten.time:
        _remove(before)


def _fold_normalization(module: fx.GraphModule, node: fx.Node, layer: Linear) -> None:
    """``g * (W*x + b - mean) + offset`` with ``g = scale / sqrt(variance + epsilon)``."""
    follower = _follower(module, node)
    if follower is None or not isinstance(norm := follower[1], _BatchNorm | DeviationNorm):
        return
    mean, deviation = _moments(norm)
    g = norm.weight.double() / deviation
    axis = 1 if isinstance(layer, CroppedConvTranspose) else 0
    over = [-1 if dimension == axis else 1 for dimension in range(layer.weight.ndim)]
    weight = layer.weight.double() * g.view(over)
    bias = (layer.bias.double() - mean) * g + norm.bias.double()
    # New parameters: other layers may share the old ones.
    layer.weight = nn.Parameter(weight.to(layer.weight.dtype))
    layer.bias = nn.Parameter(bias.to(layer.bias.dtype))
    _remove(follower[0])


def _moments(norm: _BatchNorm | DeviationNorm) -> tuple[Tensor, Tensor]:
    """The mean and standard deviation that it normalizes with."""
    if isinstance(norm, DeviationNorm):
        return norm.moments[0].double(), norm.moments[1].double()
    assert norm.running_var is not None
    assert norm.running_mean is not None
    return norm.running_mean.double(), (norm.running_var.double() + norm.eps).sqrt()


def _linear(module: fx.GraphModule, node: fx.Node, layer: Linear) -> nn.Module | None:
    if isinstance(layer, PaddedConvolution):
        addition, node = _take_addition(module, node)
        return Convolution(layer, addition, _take_activation(module, node))
    if isinstance(layer, CroppedConvTranspose):
        return TransposedConvolution(layer, _take_activation(module, node))
    if isinstance(layer, FullyConnected) and not layer.time:
        return Dense(layer, _take_activation(module, node))
    return None


def _take_addition(module: fx.GraphModule, node: fx.Node) -> tuple[Addition | None, fx.Node]:
    """The addition of something else after ``node``, and the node that does both from now on."""
    place = next(iter(node.users), node)
    alone = len(node.users) == 1 and place.op == "call_module" and len(place.args) == 2
    layer = module.get_submodule(str(place.target)) if alone else None
    others = [one for one in place.all_input_nodes if one is not node]
    if not isinstance(layer, Addition) or any(layer.missing) or len(others) != 1:
        return None, node
    place.target, place.args = node.target, (*node.args, *others)
    node.graph.erase_node(node)
    return layer, place


def _take_activation(module: fx.GraphModule, node: fx.Node) -> Activation | None:
    """The activation after ``node``, which is taken out of the graph."""
    follower = _follower(module, node)
    activation = Activation.of(follower[1]) if follower else None
    if follower is not None and activation is not None:
        _remove(follower[0])
    return activation


def _may_overwrite(module: fx.GraphModule, node: fx.Node) -> bool:
    before = node.all_input_nodes[0]
    if before.op != "call_module" or len(before.users) != 1:
        return False
    return isinstance(module.get_submodule(str(before.target)), NEW_OUTPUT)


def _is_plain(layer: LSTM, node: fx.Node) -> bool:
    """Whether the states are those of the file, and one for all observations."""
    settings = layer.settings
    return len(node.args) == 1 and settings.observations == 1 and not settings.state_outputs
