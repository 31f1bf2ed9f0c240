"""LSTM, GRU and attention modules, and which of their results are used."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import torch
from torch import Tensor, fx, nn

from matlab_compat import layers as matlab
from matlab_compat.layers import Layer

from .arguments import named_arguments, operation_name
from .modules import filled
from .values import Refused, Value, Walk

_PROJECTED = "proj_size projects the hidden state otherwise than MATLAB does"


def recurrence(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """LSTM and GRU layers, of which all steps or the last one are used."""
    if module is None:
        module = _module_of(walk, node)
    assert isinstance(module, nn.LSTM | nn.GRU)
    x = walk.given(node.args[0])
    last, ends = picked_outputs(node, module)
    if not module.batch_first or x.axes not in ("", "NTC"):
        raise Refused("sequences must be N,T,C: batch_first=True")
    if not _starts_from_zero(walk, node):
        raise Refused("a given initial state has no place in the layer array")
    value = walk.add(node, recurrent_layers(module, last), x, axes="NC" if last else "NTC")
    for end in ends:
        walk.settle(end, value)
    return value


def _module_of(walk: Walk, node: fx.Node) -> nn.LSTM | nn.GRU:
    """The module of ``aten.lstm`` or ``aten.gru``, which a program exported from it calls."""
    given = named_arguments(node)
    if "params" not in given or "hx" not in given:
        raise Refused("packed sequences have no place in the layer array")
    weights: list[Tensor] = walk.constant(given["params"])
    kind, hidden = (nn.LSTM if operation_name(node) == "lstm" else nn.GRU), weights[1].shape[1]
    if kind is nn.LSTM and len(weights[0]) != 4 * hidden:
        raise Refused(_PROJECTED)
    names = ("num_layers", "batch_first", "dropout", "bidirectional")
    options = {name: given[name] for name in names}
    module = kind(weights[0].shape[1], hidden, bias=given["has_biases"], **options)
    for parameter, value in zip(module.parameters(), weights, strict=True):
        parameter.data = value.detach()
    return module


def _starts_from_zero(walk: Walk, node: fx.Node) -> bool:
    """Whether no initial state is given, or one of zeros."""
    state = node.args[1] if len(node.args) > 1 else node.kwargs.get("hx")
    nodes = state if isinstance(state, list | tuple) else [state]
    if any(walk.is_data(one) for one in nodes):
        return False
    return not any(torch.any(one) for one in walk.constant(nodes) if one is not None)


def picked_outputs(node: fx.Node, module: nn.LSTM | nn.GRU) -> tuple[bool, list[fx.Node]]:
    """Whether only the last step is used, and the nodes that pick the layer's output.

    Understood are ``y`` (all steps), ``y[:, -1]`` and the final hidden state ``h[-1]``.
    """
    sequences = [n for n in _picks(node, 0) if n.users]
    finals = _picks(node, 1)
    if isinstance(module, nn.LSTM) and node.op == "call_module":  # (h, c) in a tuple
        finals = [n for final in finals for n in _picks(final, 0)]
    hidden = [n for final in finals for n in (*_picks(final, -1), *_selects(final, 0))]
    steps = [n for sequence in sequences for n in sequence.users]
    last = [n for n in steps if n.target is operator.getitem and n.args[1] in _LAST_STEP]
    last += [n for sequence in sequences for n in _selects(sequence, 1)]
    only_last = bool(hidden or last) and len(last) == len(steps)
    if (hidden or last) and (not only_last or module.bidirectional):
        raise Refused("either all steps or the last one alone (of one direction) may be used")
    if not (hidden or last or sequences):
        raise Refused("of its results only y, y[:, -1] and h[-1] are understood")
    return only_last, [*sequences, *last, *hidden, *finals, *_picks(node, 1)]


def _picks(node: fx.Node, index: int) -> list[fx.Node]:
    return [n for n in node.users if n.target is operator.getitem and n.args[1] == index]


def _selects(node: fx.Node, dim: int) -> list[fx.Node]:
    """Where exported programs take the last of a dimension."""
    return [n for n in node.users if operation_name(n) == "select" and n.args[1:] == (dim, -1)]


_EVERY = slice(None, None, None)
_LAST_STEP: tuple[Any, ...] = ((_EVERY, -1), (_EVERY, -1, _EVERY))


def recurrent_layers(module: nn.LSTM | nn.GRU, last: bool) -> list[Layer]:
    """A layer for each of torch's stacked ones, with dropout between them."""
    if isinstance(module, nn.GRU) and module.bidirectional:
        raise Refused("MATLAB has no bidirectional GRU layer")
    if module.proj_size:
        raise Refused(_PROJECTED)
    layers: list[Layer] = []
    for depth in range(module.num_layers):
        final = depth == module.num_layers - 1
        layers += _recurrent_layer(module, depth, "last" if last and final else "sequence")
        if module.dropout and not final:
            layers.append(matlab.dropoutLayer(module.dropout))
    return layers


def _recurrent_layer(module: nn.LSTM | nn.GRU, depth: int, mode: str) -> list[Layer]:
    if isinstance(module, nn.GRU):
        layer: Layer = matlab.gruLayer(
            module.hidden_size, OutputMode=mode, ResetGateMode="recurrent-bias-after-multiplication"
        )
    else:
        make = matlab.bilstmLayer if module.bidirectional else matlab.lstmLayer
        layer = make(module.hidden_size, OutputMode=mode)
    state: dict[str, Tensor] = {
        name.replace(f"_l{depth}", "_l0"): value
        for name, value in module.named_parameters()
        if f"_l{depth}" in name.removesuffix("_reverse")[-3:]
    }
    inputs = state["weight_ih_l0"].shape[1]
    for end in ("l0", "l0_reverse") if module.bidirectional else ("l0",):
        size = state[f"weight_ih_{end}"].shape[0]
        first, second = (
            state.get(f"bias_{kind}_{end}", torch.zeros(size)) for kind in ("ih", "hh")
        )
        if isinstance(module, nn.LSTM):  # MATLAB has one bias: the sum means the same
            first, second = first + second, torch.zeros(size)
        state |= {f"bias_ih_{end}": first, f"bias_hh_{end}": second}
    return filled(layer, state, inputs)


# --- attention -----------------------------------------------------------------------------


def attention(walk: Walk, node: fx.Node, module: nn.Module | None) -> Value:
    """Self-attention; attention to something else between fully connected layers."""
    assert isinstance(module, nn.MultiheadAttention)
    given = inspect.signature(module.forward).bind(*node.args, **node.kwargs).arguments
    query, key, value = (walk.given(given[name]) for name in ("query", "key", "value"))
    if not module.batch_first or query.axes not in ("", "NTC", "NHC") or key.axes != query.axes:
        raise Refused("sequences must be N,T,C: batch_first=True")
    if module.in_proj_weight is None or module.bias_k is not None or module.add_zero_attn:
        raise Refused("MATLAB's attention has no kdim, vdim, add_bias_kv and add_zero_attn")
    if given.get("key_padding_mask") is not None:
        raise Refused("MATLAB takes a padding mask as another input of the layer")
    if any(n.target is not operator.getitem or n.args[1] != 0 for n in node.users):
        raise Refused("of its results only the first is understood, as in attention(x, x, x)[0]")
    options = {"AttentionMask": _mask(walk, given), "DropoutProbability": module.dropout}
    size, heads = module.embed_dim, module.num_heads
    weights = dict(zip(("query", "key", "value"), module.in_proj_weight.chunk(3), strict=True))
    zeros = module.in_proj_weight.new_zeros(3 * size)
    biases = zeros if module.in_proj_bias is None else module.in_proj_bias
    state = {f"{name}_weight": weight for name, weight in weights.items()}
    state |= {f"{n}_bias": bias for n, bias in zip(weights, biases.chunk(3), strict=True)}
    state["output_weight"] = module.out_proj.weight
    state["output_bias"] = zeros[:size] if module.out_proj.bias is None else module.out_proj.bias
    if query == key == value:
        layer = matlab.selfAttentionLayer(
            heads, size, NumValueChannels=size, OutputSize=size, **options
        )
        result = walk.add(node, filled(layer, state, size), query)
    else:

        def connected(part: str, x: Value) -> Value:
            own = {kind: state[f"{part}_{kind}"] for kind in ("weight", "bias")}
            return walk.add(node, filled(matlab.fullyConnectedLayer(size), own, size), x)

        parts = [connected("query", query), connected("key", key), connected("value", value)]
        joined = walk.join(node, matlab.attentionLayer(heads, **options), parts)
        result = connected("output", joined)
    for end in node.users:
        walk.settle(end, result)
    return result


def _mask(walk: Walk, given: dict[str, Any]) -> str:
    """'none', or 'causal' where the mask forbids just what comes later."""
    mask = walk.constant(given.get("attn_mask"))
    if mask is None:
        return "none"
    forbidden = mask if mask.dtype == torch.bool else mask == -torch.inf
    later = torch.ones_like(forbidden).triu(1)
    if forbidden.ndim == 2 and torch.equal(forbidden, later) and not mask[~forbidden].any():
        return "causal"
    raise Refused("of masks MATLAB's attention knows only the causal one")
