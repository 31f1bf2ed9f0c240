"""Mistakes in whole networks and real ones, as somebody makes them who ports a network by hand.

Written before anybody looked whether the search knows them: loops that repeat their mistake,
weights that were loaded in the wrong order or not at all, whole networks in other number formats.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import converters
from matlab_compat.network import Network

from . import fresh_networks as other
from . import network_cases as own
from . import real_cases as real
from .fresh_networks import _causal, _ln, _self_attention
from .layer_cases import _gru_steps, _hard, _lstm_steps, _transposed
from .network_cases import (
    Net,
    Otherwise,
    Port,
    _bi,
    _bn,
    _c,
    _d,
    _fc,
    _t,
    _v,
    adding,
    instead,
    left_out,
)
from .ported_layers import _bfloat, _int8, _m, carried_over, cells, forgetting
from .seeded import Case, Data, Table, Tensor, filters, images, vector

Runs = Callable[[Tensor], Tensor]


def _nets(name: str, data: Data) -> Net:
    if name in own.NETS:
        return own.NETS[name](data.smooth, data.seed)
    return other.NETS[name](data.seed)


_NETWORKS = Table("ported networks", smooth=(False,), saved=(False, True))
#: What cannot be seen in activations as well.
_OUTPUTS = Table("ported networks", smooth=(False,))
#: What activations alone show.
_SEEN = Table("ported networks", smooth=(False,), saved=(True,))
_NOISE = Table("noise", smooth=(False,))
_net, _out, _seen, _noise = (adding(table, _nets) for table in (_NETWORKS, _OUTPUTS, _SEEN, _NOISE))

# --- the plain stack: loops and loading -------------------------------------------------


def _deep(n: Net, from_conv: dict[str, str], from_norm: dict[str, str]) -> Otherwise:
    made: Otherwise = {name: _c(n.p, source, padding=1) for name, source in from_conv.items()}
    return made | {name: _bn(n.p, source) for name, source in from_norm.items()}


def _by_name(letter: str) -> dict[str, str]:
    """What stands at the place of each if names are sorted as text: c1, c10, c2, ..."""
    names = [f"{letter}{i}" for i in range(1, 11)]
    return {a: b for a, b in zip(names, sorted(names), strict=True) if a != b}


def _with(
    n: Net, change: Callable[[Tensor], Tensor], bias: bool = True, start: str = ""
) -> Otherwise:
    """All convolutions with other weights."""
    made: Otherwise = {}
    for layer in n.network.Layers:
        if type(layer).__name__ != "Convolution2DLayer" or not layer.Name.startswith(start):
            continue
        w, b = filters(n.p[layer.Name]["w"]), vector(n.p[layer.Name]["b"])
        w, b = change(w), change(b) if bias else b
        made[layer.Name] = partial(F.conv2d, weight=w, bias=b, padding=w.shape[2] // 2)
    return made


def _norms(
    n: Net, change: Callable[[dict[str, Any]], dict[str, Any]], start: str = ""
) -> Otherwise:
    """All batch normalizations with other parameters."""
    names = [name for name, q in n.p.items() if isinstance(q, dict) and "v" in q]
    chosen = [name for name in names if name.startswith(start)]
    return {name: _bn({name: {**n.p[name], **change(n.p[name])}}, name) for name in chosen}


def _initial(q: dict[str, Any]) -> dict[str, Any]:
    return {"m": 0 * q["m"], "o": 0 * q["o"], "v": 1 + 0 * q["v"], "s": 1 + 0 * q["s"]}


_net(
    "deep: parameters in the alphabetical order of names",
    "(?i)alphabet|order|another layer|parameters of|exchanged",
)(lambda n: _deep(n, _by_name("c"), _by_name("n")))
_net(
    "deep: convolutions one layer late",
    "(?i)order|next|another layer|further|parameters of|exchanged",
)(lambda n: _deep(n, {f"c{i}": f"c{i - 1}" for i in range(3, 11)}, {}))
_net("deep: normalizations not loaded (strict=False)", "(?i)initial")(lambda n: _norms(n, _initial))
_net("deep: third block not loaded, norm alone", "(?i)initial", "n3")(
    lambda n: _norms(n, _initial, "n3")
)
_net("deep: deviations for variances everywhere", "(?i)deviation|root")(
    lambda n: _norms(n, lambda q: {"v": np.sqrt(q["v"])})
)
_net("deep: means not subtracted anywhere", "(?i)mean")(
    lambda n: _norms(n, lambda q: {"m": 0 * q["m"]})
)
_net("deep: scale and offset exchanged everywhere", "(?i)exchanged")(
    lambda n: _norms(n, lambda q: {"s": q["o"], "o": q["s"]})
)
_net("deep: weights in bfloat16", "(?i)bfloat|bf16")(lambda n: _with(n, _bfloat))
_net("deep: weights in int8, one step for each layer", "(?i)int8|8 bit")(
    lambda n: _with(n, _int8, bias=False)
)
_net("deep: computed in bfloat16", "(?i)bfloat|bf16")(instead("through", _bfloat))
_net("deep: plain ReLU everywhere", "ReLU")(lambda n: {f"l{i}": torch.relu for i in range(1, 11)})
_net("deep: slope 0.2 everywhere", "0\\.2")(
    lambda n: {f"l{i}": partial(F.leaky_relu, negative_slope=0.2) for i in range(1, 11)}
)
_net("deep: activations left out everywhere", "left out")(
    lambda n: {f"l{i}": lambda x: x for i in range(1, 11)}
)
_net("deep: kernels flipped and exchanged everywhere", "(?i)flipped|exchanged|transposed")(
    lambda n: _with(n, lambda w: w.flip(2, 3).transpose(2, 3) if w.ndim == 4 else w)
)
_net("deep: activation before the normalization everywhere", "(?i)before|order|after")(
    lambda n: {
        **{f"n{i}": lambda x, i=i: _bn(n.p, f"n{i}")(F.leaky_relu(x, 0.1)) for i in range(1, 11)},
        **{f"l{i}": lambda x: x for i in range(1, 11)},
    }
)
_out("deep: seventh block left out", "(?i)left out|from '.6' instead")(
    lambda n: {name: lambda x: x for name in ("c7", "n7", "l7")}
)
_net("deep: padded by replication everywhere", "(?i)replicat")(
    lambda n: {
        f"c{i}": lambda x, i=i: _c(n.p, f"c{i}")(F.pad(x, (1, 1, 1, 1), mode="replicate"))
        for i in range(1, 11)
    }
)
_net("deep: last activation left out", "left out", "l10")(left_out("l10"))
_net("deep: folded without the mean in layer 4", "(?i)mean", "n4")(
    lambda n: _norms(n, lambda q: {"m": 0 * q["m"]}, "n4")
)


def _another(n: Net, share: float) -> Otherwise:
    random = np.random.default_rng(5)
    change = lambda w: w + share * w.std() * torch.from_numpy(random.normal(size=tuple(w.shape)))  # noqa: E731
    return _with(n, change)


_noise("deep: an earlier checkpoint", "")(lambda n: _another(n, 0.05))
_noise("res: an earlier checkpoint", "")(lambda n: _another(n, 0.02))
_seen("deep: an earlier checkpoint, seen", "another training", "c1")(lambda n: _another(n, 0.05))

# --- 52 layers, for the time that a search takes ------------------------------------------

_FIFTY = Table("52 layers", smooth=(False,))
_long = adding(_FIFTY, lambda _, data: own.deep(data.smooth, data.seed, blocks=17))
_long("long: flipped kernel in the middle", "flipped", "c9")(
    lambda n: {"c9": own._flip(n.p, "c9", padding=1)}
)
_long("long: epsilon 1e-3 everywhere", "(?i)epsilon")(
    lambda n: {f"n{i}": _bn(n.p, f"n{i}", 1e-3) for i in range(1, 18)}
)
_long("long: slope 0.01 everywhere", "0\\.01")(
    lambda n: {f"l{i}": F.leaky_relu for i in range(1, 18)}
)
_long("long: bias of the first left out", "(?i)bias", "c1")(
    lambda n: {"c1": lambda x: F.conv2d(x, filters(n.p["c1"]["w"]), padding=1)}
)
_long("long: third activation left out", "left out", "l3")(left_out("l3"))
_long("long: BGR", "BGR", "in")(instead("input", lambda x: x.flip(1)))
_long("long: two layers exchanged", "(?i)exchanged", "c3 c12")(
    lambda n: own._exchanged(n, "c3", "c12", padding=1)
)
_long("long: weights in bfloat16", "(?i)bfloat")(lambda n: _with(n, _bfloat))

# --- U-Net ------------------------------------------------------------------------------

_net(
    "unet: encoder's half of the concatenation missing (zeros)", "(?i)left out|zero|missing", "cat1"
)(instead("cat1", lambda a, b: torch.cat([a, 0 * b], 1)))
_out("unet: skip taken before its ReLU", "(?i)connected|before|skip|input.*from|takes", "cat1 r1")(
    lambda n: {"r1": lambda x: x, "pool1": lambda x: F.max_pool2d(torch.relu(x), 2)}
)
_net("unet: second pooling as average", "(?i)average", "pool2")(
    instead("pool2", lambda x: F.avg_pool2d(x, 2))
)
_net("unet: transposed convolutions flipped everywhere", "flipped")(
    lambda n: {u: _t(n.p, u, w=n.p[u]["w"][::-1, ::-1]) for u in ("up1", "up2")}
)
_net("unet: no ReLU in the decoder", "left out", "r4 r5")(left_out("r4 r5"))
_net("unet: cropped at the front everywhere", "(?i)crop")(
    lambda n: {u: _t(n.p, u, crop=(1, 0)) for u in ("up1", "up2")}
)
_net("unet: upsampled by copies and the same kernel", "(?i)repeat|copies|nearest|upsampl", "up1")(
    lambda n: {
        "up1": lambda x: F.conv_transpose2d(
            x.repeat_interleave(2, 2).repeat_interleave(2, 3),
            filters(n.p["up1"]["w"]),
            vector(n.p["up1"]["b"]),
        )[:, :, :-2, :-2]
    }
)
_net("unet: output channels in the other order", "(?i)channels")(
    instead("saved", lambda y: y[:, :, ::-1])
)
_net("unet: convolutions of the encoder in bfloat16", "(?i)bfloat|bf16")(
    lambda n: _with(n, _bfloat, start="e")
)

# --- classifier -------------------------------------------------------------------------


def _flat(n: Net, order: tuple[int, ...]) -> Otherwise:
    return {"fc1": lambda x: _fc(n.p, "fc1")(x.permute(order).flatten(1))}


_net("class: flattened W,H,C", "(?i)WHC|flatten", "fc1")(lambda n: _flat(n, (0, 3, 2, 1)))
_net("class: kept activations scaled by 1 - p", "(?i)0\\.7|dropout|scale", "drop")(
    instead("drop", lambda x: 0.7 * x)
)
_net("class: classes in another order", "(?i)order|outputs|channels|classes")(
    instead("sm", lambda x: x.softmax(1)[:, [0, 3, 1, 6, 2, 5, 4]])
)
_net("class: softmax twice", "(?i)twice|is softmax of", "sm")(
    instead("sm", lambda x: x.softmax(1).softmax(1))
)
_net("class: softmax over the observations", "(?i)observations|batch", "sm")(
    instead("sm", lambda x: x.softmax(0))
)
_net("class: normalized in each image", "(?i)instance|each|image|own", "bn1 bn2")(
    lambda n: {
        b: lambda x, b=b: F.instance_norm(x, eps=1e-5) * _v(n.p[b]["s"]) + _v(n.p[b]["o"])
        for b in ("bn1", "bn2")
    }
)
_net("class: biases of the fully connected layers left out", "(?i)bias")(
    lambda n: {
        "fc1": lambda x: F.linear(x.permute(0, 1, 3, 2).flatten(1), _m(n.p["fc1"]["w"])),
        "fc2": lambda x: F.linear(x, _m(n.p["fc2"]["w"])),
    }
)
_net("class: second fully connected layer without its bias", "(?i)bias", "fc2")(
    lambda n: {"fc2": lambda x: F.linear(x, _m(n.p["fc2"]["w"]))}
)
_net("class: input times 255", "255", "in")(instead("input", lambda x: 255 * x))
_net("class: input 2x - 1", "(?i)-1|2x|scale", "in")(instead("input", lambda x: 2 * x - 1))
_net("class: images one further", "(?i)observations")(instead("input", lambda x: x.roll(1, 0)))
_net("class: mirrored images", "(?i)flipped|mirrored", "in")(instead("input", lambda x: x.flip(3)))
_net("class: ImageNet's statistics", "(?i)ImageNet", "in")(
    instead(
        "in",
        lambda x: (
            (x - torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1))
            / torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
        ),
    )
)
_net("class: batch normalizations exchanged", "(?i)exchanged|parameters of", "bn1 bn2")(
    lambda n: {"bn1": _bn(n.p, "bn2"), "bn2": _bn(n.p, "bn1")}
)
_net("class: leaky ReLU's slope for all activations", "(?i)leaky|slope")(
    lambda n: {r: partial(F.leaky_relu, negative_slope=0.2) for r in ("r1", "r2", "r3")}
)
_net("class: ReLU6 everywhere", "(?i)relu6|6")(lambda n: {r: F.relu6 for r in ("r1", "r2", "r3")})
_net("class: second of fc's rows not loaded", "(?i)Weights|rows|outputs|zero", "fc2")(
    lambda n: {
        "fc2": lambda x: F.linear(
            x, _m(n.p["fc2"]["w"] * (np.arange(7) < 4)[:, None]), vector(n.p["fc2"]["b"])
        )
    }
)
_net("class: two: BGR and flattened C,H,W (two at once)", "(?i)BGR|CHW")(
    lambda n: {"input": lambda x: x.flip(1), **_flat(n, (0, 1, 2, 3))}
)
_net("class: two: eps 1e-3 everywhere and slope 0.01 (two at once)", "(?i)epsilon|0\\.01")(
    lambda n: {"bn1": _bn(n.p, "bn1", 1e-3), "bn2": _bn(n.p, "bn2", 1e-3), "leaky": F.leaky_relu}
)

# --- residual ---------------------------------------------------------------------------

_net("res: ReLU after the sums left out", "left out", "ar2 br2")(left_out("ar2 br2"))
_net("res: ReLU before the sums, too", "(?i)ReLU|activation")(
    lambda n: {f"{b}n2": lambda x, b=b: torch.relu(_bn(n.p, f"{b}n2")(x)) for b in "ab"}
)
_net("res: mean for the sum", "(?i)mean|half|average|0\\.5")(
    lambda n: {f"{b}add": lambda x, y, _: (x + y) / 2 for b in "ab"}
)
_net("res: larger for the sum", "(?i)max|larg", "aadd")(
    instead("aadd", lambda x, y, _: torch.maximum(x, y))
)
_net("res: product for the sum", "(?i)product|multipl", "badd")(
    instead("badd", lambda x, y, _: x * y)
)
_net("res: both skips left out", "(?i)left out", "aadd badd")(
    lambda n: {f"{b}add": lambda x, y, _: x for b in "ab"}
)
_net(
    "res: second block with the first one's parameters",
    "(?i)parameters of|shared|used twice|another layer|layers before",
)(
    lambda n: {
        **{f"bc{i}": _c(n.p, f"ac{i}", padding=1) for i in "12"},
        **{f"bn{i}": _bn(n.p, f"an{i}") for i in "12"},
    }
)
_net("res: convolutions within a block exchanged", "(?i)exchanged|parameters of", "ac1 ac2")(
    lambda n: {"ac1": _c(n.p, "ac2", padding=1), "ac2": _c(n.p, "ac1", padding=1)}
)
_net("res: last scale of each block at zero", "(?i)left out|scale|zero")(
    lambda n: _norms(n, lambda q: {"s": 0 * q["s"]}, "an2")
)
_net("res: second block's normalizations not loaded", "(?i)initial|left out", "bn")(
    lambda n: _norms(n, _initial, "bn")
)
_net("res: pooled by sums", "(?i)sum", "gap")(instead("gap", lambda x: x.sum((2, 3), keepdim=True)))
_net(
    "res: strides moved into the pooling (average of the first 8 by 8)",
    "(?i)window|part|PoolSize",
    "gap",
)(instead("gap", lambda x: x[:, :, :8, :8].mean((2, 3), keepdim=True)))
_net("res: rescaled by the data's own range", "(?i)own|range|Min|Max", "in")(
    instead(
        "in",
        lambda x: (
            2
            * (x - x.amin((0, 2, 3), keepdim=True))
            / (x.amax((0, 2, 3), keepdim=True) - x.amin((0, 2, 3), keepdim=True))
            - 1
        ),
    )
)
_net("res: dilation 2 in the stem", "Dilation", "stem")(
    lambda n: {"stem": _c(n.p, "stem", padding=2, dilation=2)}
)
_net(
    "res: two: bias of the last layer and ReLU of the stem left out (two at once)",
    "(?i)bias|left out",
)(lambda n: {"r0": lambda x: x, "fc": lambda x: F.linear(x.flatten(1), _m(n.p["fc"]["w"]))})

# --- sequences --------------------------------------------------------------------------


def _forget(p: Any, name: str, x: Tensor) -> Tensor:
    w, u, b = p[name]
    changed = w, u, forgetting(vector(b), u.shape[1]).numpy()
    return _bi(x, changed) if name == "bi" else _lstm_steps(x, *_d(changed))


_net("seq: hard sigmoid in all recurrent layers (Keras 1)", "(?i)hard")(
    lambda n: {
        "lstm": lambda x: _lstm_steps(x, *_d(n.p["lstm"]), gate=_hard),
        "bi": lambda x: _bi(x, n.p["bi"], gate=_hard),
    }
)
_net("seq: forget bias 1 added to both LSTMs", "(?i)forget")(
    lambda n: {"lstm": lambda x: _forget(n.p, "lstm", x), "bi": lambda x: _forget(n.p, "bi", x)}
)
_net("seq: forget bias 1 added to the first", "(?i)forget", "lstm")(
    lambda n: {"lstm": lambda x: _forget(n.p, "lstm", x)}
)
_net("seq: state carried over from sequence to sequence", "(?i)carried|state|stateful", "lstm")(
    lambda n: {"lstm": lambda x: carried_over(x, *_d(n.p["lstm"]))}
)
_net("seq: backwards in time", "(?i)flipped|revers|backward")(instead("input", lambda x: x.flip(2)))
_net("seq: sequences exchanged", "(?i)observations")(instead("input", lambda x: x.flip(0)))
_net("seq: backward direction not turned back", "(?i)backward|turned|direction", "bi")(
    lambda n: {
        "bi": lambda x: torch.cat([_bi(x, n.p["bi"])[:, :5], _bi(x, n.p["bi"])[:, 5:].flip(2)], 1)
    }
)
_net("seq: directions in the other order", "(?i)backward first|halves|direction", "bi")(
    lambda n: {"bi": lambda x: _bi(x, n.p["bi"]).roll(5, 1)}
)
_net("seq: tanh left out", "left out", "tanh")(left_out("tanh"))
_net("seq: kept values scaled by 1 - p", "(?i)0\\.8|dropout|scale", "drop")(
    instead("drop", lambda x: 0.8 * x)
)
_net("seq: gru gates z r n", "(?i)gate", "gru")(
    lambda n: {
        "gru": lambda x: _gru_steps(
            x, *(torch.cat([v[6:12], v[:6], v[12:]]) for v in _d(n.p["gru"]))
        )
    }
)
_net("seq: statistics of each sequence", "(?i)own|each|statistics", "in")(
    instead("in", lambda x: (x - x.mean(2, keepdim=True)) / x.std(2, keepdim=True, unbiased=False))
)
_net("seq: recurrent weights of the LSTM transposed", "RecurrentWeights.*transposed", "lstm")(
    lambda n: {"lstm": lambda x: _lstm_steps(x, *_transposed(4, *_d(n.p["lstm"])))}
)
_net("seq: last step for all of them", "(?i)last", "fc gru Y")(
    lambda n: {
        "gru": lambda x: _gru_steps(x, *_d(n.p["gru"]))[:, :, -1:].expand(-1, -1, x.shape[2])
    }
)

# --- other networks ---------------------------------------------------------------------

_net("up: quick GELU", "(?i)quick|1\\.702|sigmoid", "gelu")(
    instead("gelu", lambda x: x * (1.702 * x).sigmoid())
)
_net("up: SELU for ELU", "(?i)selu", "elu")(instead("elu", F.selu))
_net("up: nearest as torch rounds", "(?i)nearest|floor|round", "near")(
    instead("near", lambda x: F.interpolate(x, size=(24, 20), mode="nearest"))
)
_net("up: normalized over the channels alone", "(?i)OperationDimension|channel", "ln")(
    lambda n: {
        "ln": lambda x: (
            (x - x.mean(1, keepdim=True))
            / (x.var(1, keepdim=True, unbiased=False) + 1e-5).sqrt()
            * _v(n.p["ln"]["s"])
            + _v(n.p["ln"]["o"])
        )
    }
)
_net("up: resized by copies", "(?i)nearest", "resize")(
    instead("resize", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
)
_net("up: bicubic for bilinear", "(?i)bicubic", "resize")(
    instead("resize", lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"))
)
_net("mobile: squeezed by the largest", "(?i)max", "squeeze")(
    instead("squeeze", lambda x: x.amax((2, 3), keepdim=True))
)
_net("mobile: sum left out", "(?i)left out", "add")(instead("add", lambda a, b: a))
_net("mobile: hard swish for the clipped ReLU", "(?i)swish", "clip0 clip1")(
    lambda n: {c: F.hardswish for c in ("clip0", "clip1")}
)
_net("mobile: first depthwise filter for all", "(?i)filter|group", "dw")(
    lambda n: {
        "dw": lambda x: F.conv2d(
            x,
            own._dw(n.p["dw"]["w"])[:1].expand(6, -1, -1, -1),
            vector(n.p["dw"]["b"]),
            padding=1,
            groups=6,
        )
    }
)
_net("mobile: log softmax", "(?i)log", "sm")(instead("sm", lambda x: x.log_softmax(1)))
_net("transformer: ReLU for GELU", "ReLU", "gelu")(instead("gelu", torch.relu))
_net("transformer: second norm left out", "left out", "ln2")(left_out("ln2"))
_net("transformer: batch_first left out", "(?i)batch_first|observations", "att")(
    lambda n: {"att": lambda x: _self_attention(n.p, 0.5)(x.permute(2, 1, 0)).permute(2, 1, 0)}
)
_net("transformer: norms without affine parameters", "(?i)initial|affine|Scale", "ln1 ln2")(
    lambda n: {
        k: _ln({k: {"s": 1 + 0 * n.p[k]["s"], "o": 0 * n.p[k]["o"]}}, k) for k in ("ln1", "ln2")
    }
)
_net(
    "transformer: averaged over two padded steps, too",
    "(?i)scale|padd|times|9/11|0\\.818",
    "gap head",
)(instead("gap", lambda x: x.sum(2) / 11))
_net("transformer: normalized before the sum", "(?i)before|order|after", "ln1 add1")(
    lambda n: {"add1": lambda a, b: _ln(n.p, "ln1")(a) + b, "ln1": lambda x: x}
)
_net("transformer: keys with the weights of the queries", "(?i)Key.*Query|Query.*Key", "att")(
    lambda n: {"att": _self_attention({**n.p, "ak": n.p["aq"]}, 0.5)}
)
_net("inception: ReLU for ELU", "ReLU", "elu")(instead("elu", torch.relu))
_net("inception: pooled branch missing (zeros)", "(?i)zero|left out|missing|initial", "cat bp")(
    instead("cat", lambda a, b, c: torch.cat([a, b, 0 * c], 1))
)
_net("inception: reflected for replicated", "(?i)symmetric|reflect", "stem")(
    lambda n: {"stem": lambda x: _c(n.p, "stem")(F.pad(x, (1, 1, 1, 1), mode="reflect"))}
)
_net("inception: swish left out", "left out", "swish")(left_out("swish"))
_net("temporal: kernels flipped everywhere", "flipped")(
    lambda n: {
        f"c{i}": _causal({f"c{i}": {**n.p[f"c{i}"], "w": n.p[f"c{i}"]["w"][::-1]}}, f"c{i}", d)
        for i, d in ((1, 1), (2, 2), (3, 4))
    }
)
_net("temporal: not dilated anywhere", "Dilation")(
    lambda n: {f"c{i}": _causal(n.p, f"c{i}", 1) for i in (2, 3)}
)
_net("temporal: padded at the end everywhere", "(?i)padding|side")(
    lambda n: {f"c{i}": _causal(n.p, f"c{i}", d, 0) for i, d in ((1, 1), (2, 2), (3, 4))}
)
_net("temporal: softsign for tanh", "(?i)softsign", "tanh")(instead("tanh", F.softsign))
_net("superres: nearest for bilinear", "(?i)nearest", "resize")(
    instead("resize", lambda x: F.interpolate(x, scale_factor=2))
)
_net("superres: resized input left out", "(?i)left out", "add")(instead("add", lambda a, b: a))
_net("superres: slope 0.25 (not loaded)", "(?i)0\\.25|initial", "prelu")(
    instead("prelu", partial(F.leaky_relu, negative_slope=0.25))
)
_net("superres: output in bytes of 0..255", "(?i)255|byte|uint8")(
    instead("saved", lambda y: np.clip(np.round(y * 255), 0, 255))
)

# --- real networks ----------------------------------------------------------------------

FILES = {
    "speech": "Fuma28__speech_commands/trainedNet.mat",
    "aircomp": "matlab-deep-learning__Fault-Detection-Using-Deep-Learning-Classification/"
    "SavedData__TrainedModel.mat",
    "anomaly": "SrikarWritesCode__Anomaly-Detection/net_training.mat",
    "m2nist": "Neelanjana314__nnv-1/examples__nn__ssn__DilatedCNN__M2NIST__"
    "M2NIST_dilatedCNN_avgpool.mat",
}
_SIZES = {
    "speech": (98, 32, 1, 3),
    "aircomp": (10, 3, 14),
    "anomaly": (1, 2, 25),
    "m2nist": (64, 84, 1, 1),
}


@cache
def _loaded(name: str) -> Network:
    with warnings.catch_warnings(action="ignore"):
        found = converters.load(real.REAL / FILES[name])
    assert isinstance(found, Network)
    return found


def _same(
    x: Tensor, k: Any, s: Any, d: Any = (1, 1), front: bool = False, value: float = 0
) -> Tensor:
    """MATLAB's and TensorFlow's 'same': what is too many is at the end."""
    sides: list[int] = []
    for size, kernel, stride, dilation in zip(x.shape[2:], k, s, d, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
        pair = [total // 2, total - total // 2]
        sides = [*(pair[::-1] if front else pair), *sides]
    return F.pad(x, sides, value=value)


def _conv(n: Any, name: str, w: Runs = lambda w: w, b: Runs = lambda b: b, **more: Any) -> Runs:
    layer = n.layer(name)
    weight, bias = w(filters(layer.Weights)), b(vector(layer.Bias))
    d = more.get("dilation", layer.DilationFactor)
    return lambda x: F.conv2d(
        _same(x, weight.shape[2:], layer.Stride, d), weight, bias, layer.Stride, 0, d
    )


def _norm(n: Any, name: str, eps: float | None = None, **change: Any) -> Runs:
    v = n.layer(name).values
    keys = ("TrainedMean", "TrainedVariance", "Scale", "Offset")
    mean, variance, scale, offset = (change.get(k, lambda a: a)(vector(v[k])) for k in keys)
    eps = v["Epsilon"] if eps is None else eps
    return lambda x: F.batch_norm(x, mean, variance, scale, offset, eps=eps)


def _pool(layer: Any) -> Runs:
    k, s = layer.PoolSize, layer.Stride
    if type(layer).__name__.startswith("Max"):
        return lambda x: F.max_pool2d(_same(x, k, s, value=-torch.inf), k, s)
    return lambda x: F.avg_pool2d(_same(x, k, s), k, s)  # MATLAB's counts the padding


def _cells(n: Any, name: str) -> list[Tensor]:
    return cells(n.layer(name))


def _hidden_states(n: Any, name: str, x: Tensor) -> Tensor:
    y = _lstm_steps(x, *_cells(n, name))
    return y[:, :, -1] if n.layer(name).OutputMode == "last" else y


def _both(n: Any, name: str, how: str = "") -> Runs:
    parts = [v.chunk(2) for v in _cells(n, name)]
    one, two = ([p[i] for p in parts] for i in (0, 1))
    two = one if how == "shared" else two

    def run(x: Tensor) -> Tensor:
        forward, backward = _lstm_steps(x, *one), _lstm_steps(x.flip(2), *two)
        backward = backward if how == "not turned" else backward.flip(2)
        return torch.cat([backward, forward] if how == "swapped" else [forward, backward], 1)

    return run


def _linear(n: Any, name: str, bias: float = 1.0, order: Any = (0, 1, 3, 2)) -> Runs:
    layer = n.layer(name)
    w, b = _m(layer.Weights), bias * vector(layer.Bias)

    def run(x: Tensor) -> Tensor:
        if x.ndim == 3:
            return F.linear(x.transpose(1, 2), w, b).transpose(1, 2)
        return F.linear(x.permute(order).flatten(1) if x.ndim == 4 else x, w, b)

    return run


def _ports(n: Any) -> dict[str, Runs]:
    found: dict[str, Runs] = {}
    for layer in n.Layers:
        kind, name = type(layer).__name__, layer.Name
        if kind == "ImageInputLayer":
            found[name] = partial(torch.add, other=-vector(layer.Mean))
        elif kind in ("SequenceInputLayer", "DropoutLayer"):
            found[name] = lambda x: x
        elif kind == "Convolution2DLayer":
            found[name] = _conv(n, name)
        elif kind == "BatchNormalizationLayer":
            found[name] = _norm(n, name)
        elif kind == "ReLULayer":
            found[name] = torch.relu
        elif "Pooling" in kind:
            manual = layer.PaddingMode == "manual"
            found[name] = (
                partial(F.max_pool2d, kernel_size=layer.PoolSize, stride=layer.Stride)
                if manual
                else _pool(layer)
            )
        elif kind == "FullyConnectedLayer":
            found[name] = _linear(n, name)
        elif kind == "SoftmaxLayer":
            found[name] = lambda x: x.softmax(1)
        elif kind == "BiLSTMLayer":
            found[name] = _both(n, name)
        elif kind == "LSTMLayer":
            found[name] = partial(_hidden_states, n, name)
    return found


def _real(name: str, data: Data) -> Net:
    if name in real.FILES:
        return real._net(name, data.smooth, data.seed)
    net = _loaded(name)
    right = _ports(net)

    def port(at: Port, x: Tensor) -> Tensor:
        for layer, function in right.items():
            x = at(layer, function, x)
        return x

    return Net(net, port, {}, images(False, data.seed, *_SIZES[name]) * 2)


_REAL = Table("ported real", smooth=(False,), saved=(False, True))
_add = adding(_REAL, _real)


def _named(n: Net, kind: str) -> list[str]:
    return [layer.Name for layer in n.network.Layers if type(layer).__name__.startswith(kind)]


def _all(n: Net, kind: str, make: Callable[[Any, str], Runs]) -> Otherwise:
    return {name: make(n.network, name) for name in _named(n, kind)}


_add("speech: epsilon 1e-3 everywhere", "(?i)epsilon")(
    lambda n: _all(n, "BatchNorm", partial(_norm, eps=1e-3))
)
_add("speech: normalizations not loaded", "(?i)initial")(
    lambda n: _all(n, "BatchNorm", lambda net, name: lambda x: x / sqrt(1 + 1e-5))
)
_add("speech: 'same' padding at the front of the pools", "(?i)padding|side")(
    lambda n: {
        f"maxpool_{i}": lambda x, i=i: F.max_pool2d(
            _same(x, (3, 3), (2, 2), front=True, value=-torch.inf), 3, 2
        )
        for i in (1, 2, 3)
    }
)
_add("speech: pools padded by 1 (torch)", "(?i)padding")(
    lambda n: {f"maxpool_{i}": lambda x: F.max_pool2d(x, 3, 2, 1) for i in (1, 2, 3)}
)
_add("speech: pooled 2 by 2", "(?i)PoolSize|window")(
    lambda n: {f"maxpool_{i}": lambda x: F.max_pool2d(x, 2, 2, 0, 1, True) for i in (1, 2, 3)}
)
_add("speech: dropout's factor", "(?i)0\\.8|dropout|scale", "dropout")(
    instead("dropout", lambda x: 0.8 * x)
)
_add("speech: spectrogram upside down", "(?i)flipped", "imageinput")(
    instead("input", lambda x: x.flip(2))
)
_add("speech: frequencies reversed", "(?i)flipped", "imageinput")(
    instead("input", lambda x: x.flip(3))
)
_add("speech: its own mean subtracted", "(?i)own|mean of", "imageinput")(
    instead("imageinput", lambda x: x - x.mean((1, 2, 3), keepdim=True))
)
_add("speech: mean added", "(?i)mean|sign|added", "imageinput")(
    lambda n: {"imageinput": lambda x: x + vector(n.network.layer("imageinput").values["Mean"])}
)
_add("speech: ReLU before the normalization everywhere", "(?i)before|order|after")(
    lambda n: {
        **{
            f"batchnorm_{i}": lambda x, i=i: _norm(n.network, f"batchnorm_{i}")(torch.relu(x))
            for i in range(1, 6)
        },
        **{f"relu_{i}": lambda x: x for i in range(1, 6)},
    }
)
_add(
    "speech: fourth and fifth convolution exchanged", "(?i)exchanged|parameters of", "conv_4 conv_5"
)(lambda n: {"conv_4": _conv(n.network, "conv_5"), "conv_5": _conv(n.network, "conv_4")})
_add("speech: weights in bfloat16", "(?i)bfloat|bf16")(
    lambda n: _all(n, "Conv", partial(_conv, w=_bfloat, b=_bfloat))
)
_add("speech: weights in int8", "(?i)int8|8 bit")(
    lambda n: _all(n, "Conv", partial(_conv, w=_int8))
)
_add("speech: biases left out", "(?i)bias")(
    lambda n: _all(n, "Conv", partial(_conv, b=torch.zeros_like))
)
_add("speech: flattened H,W,C", "(?i)HWC|flatten", "fc")(
    lambda n: {"fc": _linear(n.network, "fc", order=(0, 2, 3, 1))}
)
_add("speech: classes one further", "(?i)outputs|order|channels|shift|further")(
    instead("softmax", lambda x: x.softmax(1).roll(1, 1))
)
_add("speech: kernels h/w exchanged everywhere", "height and width exchanged")(
    lambda n: _all(n, "Conv", partial(_conv, w=lambda w: w.transpose(2, 3)))
)
_add("speech: ReLU6 everywhere", "(?i)6")(lambda n: {f"relu_{i}": F.relu6 for i in range(1, 6)})
_add("speech: variances of the batch", "(?i)batch")(
    lambda n: {
        f"batchnorm_{i}": lambda x, i=i: F.batch_norm(
            x,
            None,
            None,
            vector(n.network.layer(f"batchnorm_{i}").values["Scale"]),
            vector(n.network.layer(f"batchnorm_{i}").values["Offset"]),
            True,
            0.1,
            1e-5,
        )
        for i in range(1, 6)
    }
)


def _hidden(n: Net, name: str, make: Runs = lambda y: y, **how: Any) -> Runs:
    return lambda x: make(_lstm_steps(x, *_cells(n.network, name), **how))


def _forgetting(n: Net, name: str, x: Tensor) -> Tensor:
    w, u, b = _cells(n.network, name)
    saved = (n.network.layer(name).values[f"{k}State"] for k in ("Hidden", "Cell"))
    states = (_m(v.T) for v in saved if v.size)
    return _lstm_steps(x, w, u, forgetting(b, u.shape[1]), *states)


_add("aircomp: first step", "(?i)first", "lstm_2")(
    lambda n: {"lstm_2": _hidden(n, "lstm_2", lambda y: y[:, :, 0])}
)
_add("aircomp: mean of the steps", "(?i)mean|average", "lstm_2")(
    lambda n: {"lstm_2": _hidden(n, "lstm_2", lambda y: y.mean(2))}
)
_add("aircomp: gates of ONNX in both", "(?i)gate|ONNX")(
    lambda n: {
        "lstm_1": _hidden(n, "lstm_1", order="iofg"),
        "lstm_2": _hidden(n, "lstm_2", lambda y: y[:, :, -1], order="iofg"),
    }
)
_add("aircomp: hard sigmoid in both", "(?i)hard")(
    lambda n: {
        "lstm_1": _hidden(n, "lstm_1", gate=_hard),
        "lstm_2": _hidden(n, "lstm_2", lambda y: y[:, :, -1], gate=_hard),
    }
)
_add("aircomp: state carried over", "(?i)carried|state", "lstm_1")(
    lambda n: {"lstm_1": lambda x: carried_over(x, *_cells(n.network, "lstm_1"))}
)
_add("aircomp: last step of the first layer repeated", "(?i)last", "lstm_1")(
    lambda n: {"lstm_1": _hidden(n, "lstm_1", lambda y: y[:, :, -1:].expand_as(y))}
)
_add("aircomp: backwards in time", "(?i)flipped|revers|backward", "sequenceinput lstm_1")(
    instead("input", lambda x: x.flip(2))
)
_add("aircomp: dropout's factor", "(?i)0\\.9|dropout|scale", "dropout")(
    instead("dropout", lambda x: 0.9 * x)
)
_add("aircomp: logits", "(?i)softmax", "softmax")(left_out("softmax"))
_add("aircomp: forget bias 1 added", "(?i)forget", "lstm_1")(
    lambda n: {"lstm_1": lambda x: _forgetting(n, "lstm_1", x)}
)
_add("anomaly: backward not turned back anywhere", "(?i)backward|turned")(
    lambda n: _all(n, "BiLSTM", partial(_both, how="not turned"))
)
_add("anomaly: directions in the other order everywhere", "(?i)backward first|halves|direction")(
    lambda n: _all(n, "BiLSTM", partial(_both, how="swapped"))
)
_add(
    "anomaly: forward weights for both in the second",
    "(?i)forward|direction|halves|half",
    "bilstm2",
)(lambda n: {"bilstm2": _both(n.network, "bilstm2", "shared")})
_add("anomaly: ReLU left out in the middle", "left out", "relu2")(left_out("relu2"))
_add("anomaly: leaky ReLU everywhere", "(?i)leaky")(
    lambda n: _all(n, "ReLU", lambda *_: F.leaky_relu)
)
_add("m2nist: not dilated", "Dilation", "conv_2")(
    lambda n: {"conv_2": _conv(n.network, "conv_2", dilation=(1, 1))}
)
_add("m2nist: average pools padded at the front", "(?i)padding|side")(
    lambda n: {
        f"avgpool2d_{i}": lambda x: F.avg_pool2d(F.pad(x, (1, 0, 1, 0)), 2, 1) for i in (1, 2)
    }
)
_add("m2nist: padding not counted", "(?i)counted")(
    lambda n: {
        f"avgpool2d_{i}": lambda x: (
            F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, 1)
            / F.avg_pool2d(F.pad(torch.ones_like(x), (0, 1, 0, 1)), 2, 1)
        )
        for i in (1, 2)
    }
)
_add("m2nist: max for average", "(?i)max")(
    lambda n: {
        f"avgpool2d_{i}": lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 2, 1)
        for i in (1, 2)
    }
)
_add("m2nist: softmax over the pixels", "(?i)height and width|pixels|spatial|space", "softmax")(
    instead("softmax", lambda x: x.flatten(2).softmax(2).reshape(x.shape))
)
_add("m2nist: softmax over the height", "(?i)height", "softmax")(
    instead("softmax", lambda x: x.softmax(2))
)
_add("chunter: classes one further", "(?i)outputs|order|channels|shift|further")(
    instead("softmax", lambda x: x.softmax(1).roll(1, 1))
)
_add("chunter: inverted digits (255 - x)", "(?i)255 -|invert|negative", "imageinput")(
    instead("input", lambda x: 255 - x)
)
_add("chunter: flattened W,H,C", "(?i)WHC|flatten", "fc")(
    lambda n: {"fc": real._full(n.network, "fc", (0, 3, 2, 1))}
)
_add("chunter: digits 0..1", "255", "imageinput")(instead("input", lambda x: x / 255))
_add("cifar: input / 127.5 - 1", "(?i)127\\.5|-1", "imageinput")(
    instead("input", lambda x: x / 127.5 - 1)
)
_add("cifar: BGR", "BGR", "imageinput")(instead("input", lambda x: x.flip(1)))
_add("cifar: mean of each channel", "(?i)averaged|channel", "imageinput")(
    lambda n: {
        "imageinput": lambda x: x - real._mean(n.network, "imageinput").mean((2, 3), keepdim=True)
    }
)
_add("cifar: ReLU left out everywhere", "left out")(
    lambda n: _all(n, "ReLU", lambda *_: lambda x: x)
)
_add("cifar: grey images", "(?i)grey|gray|averag", "imageinput")(
    instead("input", lambda x: x.mean(1, keepdim=True).expand_as(x))
)
_add("fsrcnn: biases left out everywhere", "(?i)bias")(
    lambda n: {
        c: real._conv(n.network, c, b=0 * n.network.layer(c).values["Bias"])
        for c in _named(n, "Conv")
    }
)
_add("fsrcnn: weights in half everywhere", "(?i)half")(
    lambda n: {
        c: real._conv(
            n.network,
            c,
            w=n.network.layer(c).values["Weights"].astype("f2").astype("f4"),
            b=n.network.layer(c).values["Bias"].astype("f2").astype("f4"),
        )
        for c in _named(n, "Conv")
    }
)
_add("fenn: forget bias 1 added", "(?i)forget", "lstm")(
    lambda n: {"lstm": lambda x: _forgetting(n, "lstm", x)}
)
_add("fenn: input backwards in time", "(?i)flipped|revers|backward")(
    instead("input", lambda x: x.flip(2))
)


def cases(seed: int) -> Iterator[Case]:
    """All of one seed; those of real networks if their files are there."""
    tables = [_NETWORKS, _OUTPUTS, _SEEN, _FIFTY, _NOISE, *([_REAL] if real.REAL.is_dir() else [])]
    return chain.from_iterable(table.cases(seed) for table in tables)
