"""The layers and model functions of ``fixtures/code/styles``, written by hand in torch.

Each takes the inputs in MATLAB's order of dimensions and the properties (or the struct of
parameters first), and gives the outputs in MATLAB's order. Where torch has the operation itself,
it is torch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, cat, einsum, relu, sigmoid, softmax, stack, tanh
from torch.nn import functional as F

EPS = torch.finfo(torch.float64).eps

#: By the name of the style, from the inputs and properties to the outputs.
BY_HAND: dict[str, Callable[..., Any]] = {}


def by_hand(function: Callable[..., Any]) -> Callable[..., Any]:
    BY_HAND[function.__name__] = function
    return function


def images(x: Tensor) -> Tensor:
    """From MATLAB's SSCB to torch's order."""
    return x.permute(3, 2, 0, 1)


def sscb(x: Tensor) -> Tensor:
    """Back."""
    return x.permute(2, 3, 1, 0)


def filtered(x: Tensor, kernel: Tensor) -> Tensor:
    """Each channel by the same filter, as large as it was."""
    channels = images(x)
    every = channels.reshape(-1, 1, *channels.shape[2:])
    return sscb(F.conv2d(every, kernel[None, None], padding="same").reshape(channels.shape))


def dense(layer: dict[str, Tensor], x: Tensor) -> Tensor:
    return layer["W"] @ x + layer["b"]


# --- layers -----------------------------------------------------------------------------

BY_HAND |= {
    "absDiffN": lambda a, b, c: (a - b).abs() + (c - a).abs(),
    "argmaxOneHot": lambda x: F.one_hot(x.argmax(0), len(x)).T,
    "capsSquash": lambda x: (s := (x**2).sum(0)) / (1 + s) * x / (s + EPS).sqrt(),
    "cellProps": lambda x, Weights, Biases: (
        Weights[1] @ tanh(Weights[0] @ x + Biases[0]) + Biases[1]
    ),
    "cosSimTwoIn": lambda a, b: F.cosine_similarity(a, b, dim=0)[None],
    "crossStitch": lambda a, b, A: (A[0, 0] * a + A[0, 1] * b, A[1, 0] * a + A[1, 1] * b),
    "dropMask": lambda x, P: x,
    "existStyle": lambda x, G, Opts: G * x + Opts["bias"],
    "flipTime": lambda x: x.flip(2),
    "gaussMixHeads": lambda x, MinSigma: (x[:3], F.softplus(x[3:]) + MinSigma),
    "globalStats": lambda x: (x - x.mean()) / (x.std() + 1e-8),
    "hankelWin": lambda x, L: x.unfold(0, int(L), 1).mean(-1),
    "hardSwishL": F.hardswish,
    "huberAct": lambda x, Delta: F.huber_loss(x, 0 * x, reduction="none", delta=Delta),
    "l2normalizeLayer": lambda x, Epsilon, ScaleFactor: (
        x / ((x**2).sum(2, keepdim=True) + Epsilon).sqrt() * ScaleFactor[..., None]
    ),
    "lambdaCfg": lambda x, Offset: (relu(x) + tanh(x) + x**2 + Offset) / 3,
    "lastStep": lambda x: x[:, :, -1],
    "leakyMask": lambda x, S: F.leaky_relu(x, S),
    "logSumExpPool": lambda x, R: (
        ((R * x).logsumexp((0, 1), keepdim=True) - math.log(x.shape[0] * x.shape[1])) / R
    ),
    "maxoutL": lambda x, K: x.reshape(-1, int(K), x.shape[1]).amax(1),
    "mishLayerV2": F.mish,
    "nearestUp": lambda x, Scale: x.repeat_interleave(int(Scale), 0).repeat_interleave(
        int(Scale), 1
    ),
    "nestedFcn": lambda x: (z := (x + 2) * x.sum() + 4) + z.min(),
    "noiseIfTrain": lambda x, Sigma: x,
    "paramReluLayer": lambda x, Alpha: relu(x) - Alpha[..., None] * relu(-x),
    "polyExpand": lambda x, Deg: cat([x**power for power in range(int(Deg) + 1)]),
    "rbfKernelLayer": lambda x, Centers, Gamma: (
        -Gamma * torch.cdist(Centers.T, x.T, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    ).exp(),
    "reluSix": F.relu6,
    "reorgYolo": lambda x, Stride: cat([x[i::2, j::2] for i in (0, 1) for j in (0, 1)], 2),
    "rot180Conv": lambda x, K: filtered(x, K),
    "shiftTime": lambda x: cat([x[:, :, :1], x.diff(dim=2)], 2),
    "steQuant": lambda x, Bits, Scale: (
        (x / Scale).clamp(-(2 ** (Bits - 1)), 2 ** (Bits - 1) - 1).round() * Scale
    ),
    "stringSwitch": lambda x, Act: 2 * tanh(x),
    "structCfg": lambda x, Cfg: (x * Cfg["a"] + Cfg["b"]) / (Cfg["a"] + Cfg["b"]),
    "swigluBlock": lambda x, W1, W2, W3: einsum(
        "oh,hnt->ont",
        W3,
        F.silu(einsum("hc,cnt->hnt", W1, x)) * einsum("hc,cnt->hnt", W2, x),
    ),
    "tanhScaleAct": lambda x, Scale, Bias: Bias + Scale * tanh(x),
    "ternary": lambda x, F: -x,
    "tileL": lambda x, R: x.repeat(*map(int, R[0]), 1, 1)[:-1],
    "topkSparse": lambda x, K: x * (x >= x.topk(int(K), 0).values[-1]),
    "varOutL": lambda x, N: (x[:, :, 0::2], x[:, :, 1::2]),
}


@by_hand
def bilinearUp(x: Tensor, Scale: float) -> Tensor:
    return sscb(F.interpolate(images(x), scale_factor=Scale, mode="bilinear"))


@by_hand
def bitPack(x: Tensor, B: float) -> Tensor:
    most, low, high = 2**B - 1, x.min(), x.max()
    return ((x - low) / (high - low) * most + 0.5).floor() / most


@by_hand
def complexModRelu(x: Tensor, b: Tensor) -> Tensor:
    z = torch.complex(*x.chunk(2))
    z = z * relu(z.abs() + b) / (z.abs() + 1e-6)
    return cat([z.real, z.imag])


@by_hand
def convDiffLayer(x: Tensor) -> Tensor:
    return filtered(x, torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=x.dtype))


@by_hand
def dynRouting(x: Tensor, NumOut: float, DimOut: float, Iters: float, W: Tensor) -> Tensor:
    matrices = W.reshape(int(NumOut), int(DimOut), *W.shape[1:])
    votes = einsum("jdik,ikn->djkn", matrices, x)
    logits = torch.zeros_like(votes[:1])
    for _ in range(int(Iters)):
        s = (softmax(logits, 1) * votes).sum(2, keepdim=True)
        n = (s**2).sum(0, keepdim=True)
        v = s * n / (1 + n) / (n + 1e-9).sqrt()
        logits = logits + (votes * v).sum(0, keepdim=True)
    return v[:, :, 0]


@by_hand
def emaState(x: Tensor, Alpha: float, State: Tensor) -> tuple[Tensor, Tensor]:
    steps = []
    for t in range(x.shape[2]):
        State = Alpha * State + (1 - Alpha) * x[:, :, t]
        steps.append(State)
    return stack(steps, 2), State


@by_hand
def fftLowPass(x: Tensor, Radius: float) -> Tensor:
    down, across = (torch.fft.fftfreq(n, 1 / n, dtype=x.dtype) for n in x.shape[:2])
    mask = (down[:, None] ** 2 + across**2).sqrt() <= Radius
    return torch.fft.ifft2(torch.fft.fft2(x, dim=(0, 1)) * mask[..., None, None], dim=(0, 1)).real


@by_hand
def fuzzyMember(x: Tensor, Mean: Tensor, Sigma: Tensor) -> Tensor:
    distances = (x[:, None] - Mean[..., None]) ** 2 / (2 * Sigma[..., None] ** 2)
    return softmax(-distances.sum(0), 0)


@by_hand
def gcnLayerA(x: Tensor, Adj: Tensor, Nodes: float, W: Tensor) -> Tensor:
    A = Adj + torch.eye(len(Adj), dtype=x.dtype)
    degree = A.sum(1)
    A = A / (degree[:, None] * degree).sqrt()
    features = x.reshape(-1, int(Nodes), x.shape[1])
    return relu(einsum("ij,fjn,fo->oin", A, features, W)).reshape(-1, x.shape[1])


@by_hand
def groupNormOwn(x: Tensor, NumGroups: float, Gamma: Tensor, Beta: Tensor) -> Tensor:
    return sscb(F.group_norm(images(x), int(NumGroups), Gamma.ravel(), Beta.ravel(), 1e-5))


@by_hand
def gruGate(x: Tensor, h: Tensor, W: Tensor, U: Tensor) -> Tensor:
    return h.lerp(x, sigmoid(W @ x + U @ h))


@by_hand
def haarDownLayer(x: Tensor) -> tuple[Tensor, ...]:
    (a, b), (c, d) = ([x[i::2, j::2] for j in (0, 1)] for i in (0, 1))
    return (a + b + c + d) / 2, (c + d - a - b) / 2, (b + d - a - c) / 2, (a + d - b - c) / 2


@by_hand
def highwayGate(x: Tensor, Wt: Tensor, bt: Tensor, Wh: Tensor, bh: Tensor) -> Tensor:
    return x.lerp(relu(Wh @ x + bh), sigmoid(Wt @ x + bt))


@by_hand
def interpLayer(x: Tensor, Tab: Tensor) -> Tensor:
    at = x.clamp(0, 1) * (Tab.numel() - 1)
    low = at.floor().clamp(max=Tab.numel() - 2).long()
    return Tab[0][low].lerp(Tab[0][low + 1], at - low)


@by_hand
def kanSpline(x: Tensor, Grid: Tensor, H: float, Coef: Tensor) -> Tensor:
    return einsum("odk,dnk->on", Coef, relu(1 - (x[..., None] - Grid[0]).abs() / H))


@by_hand
def layerNormTokens(x: Tensor, g: Tensor, b: Tensor) -> Tensor:
    normal = (x - x.mean(0)) / (x.std(0, correction=0) + 1e-6)
    return normal * g[..., None] + b[..., None]


@by_hand
def logicDrop(x: Tensor, Drop: Tensor) -> Tensor:
    dropped = (Drop[0] - 1).long()
    keep = torch.ones(len(x), dtype=torch.bool)
    keep[dropped] = False
    return cat([x[keep], x[dropped].mean(0, keepdim=True)])


@by_hand
def medianFilt(x: Tensor) -> Tensor:
    padded = cat([x[:1], x, x[-1:]])
    return padded.unfold(0, 3, 1).median(-1).values


@by_hand
def multiHeadSelfAtt(
    x: Tensor, NumHeads: float, Wq: Tensor, Wk: Tensor, Wv: Tensor, Wo: Tensor
) -> Tensor:
    def heads(W: Tensor) -> Tensor:
        return einsum("oc,cnt->nto", W, x).unflatten(2, (int(NumHeads), -1)).transpose(1, 2)

    found = F.scaled_dot_product_attention(heads(Wq), heads(Wk), heads(Wv))
    return einsum("oc,ntc->ont", Wo, found.transpose(1, 2).flatten(2))


@by_hand
def ndgridPos(x: Tensor) -> Tensor:
    h, w, _, n = x.shape
    down, across = (torch.linspace(-1, 1, size, dtype=x.dtype) for size in (h, w))
    y, x2 = torch.meshgrid(down, across, indexing="ij")
    return cat([x, stack([y, x2], 2)[..., None].expand(h, w, 2, n)], 2)


@by_hand
def patchEmbed(x: Tensor, PatchSize: float, Weights: Tensor, Bias: Tensor) -> Tensor:
    side = int(PatchSize)
    kernel = Weights.reshape(len(Weights), -1, side, side).transpose(2, 3)
    patches = F.conv2d(images(x), kernel, Bias.ravel(), stride=side)
    return patches.transpose(2, 3).flatten(2).transpose(0, 1)


@by_hand
def pixelShuffle2d(x: Tensor, Scale: float) -> Tensor:
    blocks = images(x).unflatten(1, (-1, int(Scale), int(Scale)))
    return sscb(F.pixel_shuffle(blocks.transpose(2, 3).flatten(1, 3), int(Scale)))


@by_hand
def quadraticFeat(x: Tensor) -> Tensor:
    i, j = torch.triu_indices(len(x), len(x))
    return x[i] * x[j]


@by_hand
def sePoolExcite(x: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Tensor:
    return x * sigmoid(W2 @ relu(W1 @ x.mean((0, 1)) + b1) + b2)


@by_hand
def sinPositional(x: Tensor) -> Tensor:
    C, _, T = x.shape
    rates = 10000 ** (-torch.arange(0, C, 2, dtype=x.dtype) / C)
    angles = rates[:, None] * torch.arange(T, dtype=x.dtype)
    waves = stack([angles.sin(), angles.cos()], 1).flatten(0, 1)[:C]
    return x + waves[:, None]


@by_hand
def softSort(x: Tensor, tau: float) -> Tensor:
    distances = (x.sort(0, descending=True).values[:, :, None] - x.T).abs()
    return (softmax(-distances / tau, 2) * x.T).sum(2)


@by_hand
def sparsemax(x: Tensor) -> Tensor:
    """The nearest point of the simplex, by halving the interval of the threshold."""
    low, high = x.amax(0) - 1, x.amax(0)
    for _ in range(60):
        middle = (low + high) / 2
        too_much = relu(x - middle).sum(0) > 1
        low, high = torch.where(too_much, middle, low), torch.where(too_much, high, middle)
    return relu(x - low)


@by_hand
def stnAffine(x: Tensor, theta: Tensor) -> Tensor:
    matrices = images(theta).reshape(-1, 3, 2).transpose(1, 2)
    grid = F.affine_grid(matrices, list(images(x).shape), align_corners=True)
    return sscb(F.grid_sample(images(x), grid, padding_mode="border", align_corners=True))


@by_hand
def timeFreq(x: Tensor, Win: float, Hop: float) -> Tensor:
    frames = x[:, 0].unfold(0, int(Win), int(Hop))
    window = torch.hann_window(int(Win), dtype=x.dtype)
    return (torch.fft.rfft(frames * window).abs() ** 2 + 1e-8).log10().T


@by_hand
def triuCausal(x: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(x[None], x[None], x[None], is_causal=True)[0]


@by_hand
def unfoldPatch(x: Tensor, K: float) -> Tensor:
    return F.unfold(images(x).transpose(2, 3), int(K)).permute(2, 1, 0)


@by_hand
def whiten(x: Tensor, eps0: float) -> Tensor:
    covariance = torch.cov(x) + eps0 * torch.eye(len(x), dtype=x.dtype)
    centred = x - x.mean(1, keepdim=True)
    return torch.linalg.inv(torch.linalg.cholesky(covariance)) @ centred


@by_hand
def zeroDiag(x: Tensor) -> Tensor:
    A = x @ x.T
    A = A - A.diag().diag()
    return A / (A.sum(1, keepdim=True) + EPS) @ x


# --- model functions --------------------------------------------------------------------

BY_HAND |= {
    "lossTotal": lambda p, x, y: (
        F.mse_loss(dense(p, x), y) + 1e-3 * sum((one**2).sum() for one in p.values())
    ),
    "mlpNum2str": lambda p, x: dense(p["fc2"], tanh(dense(p["fc1"], x))),
    "mlpSprintf": lambda p, x: p["W2"] @ relu(p["W1"] @ x + p["b1"]) + p["b2"],
}


@by_hand
def attnSeq(p: dict[str, Tensor], hidden: Tensor, enc: Tensor) -> tuple[Tensor, Tensor]:
    inner = tanh((p["W1"] @ hidden)[..., None] + einsum("oh,hnt->ont", p["W2"], enc))
    weights = softmax(einsum("h,hnt->tn", p["v"][:, 0], inner), 0)
    return einsum("tn,hnt->hn", weights, enc), weights


@by_hand
def fourierFeat(p: dict[str, Any], x: Tensor) -> Tensor:
    angles = 2 * math.pi * p["B"] @ x
    (W1, W2), (b1, b2) = p["W"], p["b"]
    return W2 @ (p["w0"] * (W1 @ cat([angles.sin(), angles.cos()]) + b1)).sin() + b2


@by_hand
def gruManual(p: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    h, steps = x.new_zeros(len(p["Wz"]), x.shape[1]), []
    for one in x.unbind(2):
        z, r = (sigmoid(p["W" + g] @ one + p["U" + g] @ h + p["b" + g]) for g in "zr")
        h = h.lerp(tanh(p["Wh"] @ one + p["Uh"] @ (r * h) + p["bh"]), z)
        steps.append(h)
    return stack(steps, 2), h


@by_hand
def kalman(p: dict[str, Tensor], z: Tensor) -> tuple[Tensor, Tensor]:
    """By the form of the filter that adds information."""
    x, P, A, H = p["x0"], p["P0"], p["A"], p["H"]
    known = H.T @ torch.linalg.inv(p["R"])
    for one in z.T:
        x, P = A @ x, A @ P @ A.T + p["Q"]
        before = torch.linalg.inv(P)
        P = torch.linalg.inv(before + known @ H)
        x = P @ (before @ x + known @ one[:, None])
    return x, P


@by_hand
def messagePass(p: dict[str, Any], x: Tensor, src: Tensor, dst: Tensor) -> Tensor:
    edges = torch.zeros(len(x), len(x), dtype=x.dtype)
    for i, j in zip(src[0].long() - 1, dst[0].long() - 1, strict=True):
        edges[j, i] += 1
    mean = edges / edges.sum(1, keepdim=True).clamp(min=1)
    for W in p["W"]:
        x = relu(mean @ x @ W)
    return x


@by_hand
def normalizePdf(p: dict[str, Tensor], x: Tensor) -> Tensor:
    normal = torch.distributions.Normal(p["mu"][0], p["s"][0])
    density = (p["w"][0] * normal.log_prob(x[..., None]).exp()).sum(-1)
    return -density.clamp(min=1e-12).log()


@by_hand
def siamese(p: dict[str, Tensor], *x: Tensor) -> tuple[Tensor, ...]:
    one, other = (F.normalize(p["W2"] @ relu(p["W1"] @ each + p["b1"]), dim=0) for each in x)
    return ((one - other) ** 2).sum(0, keepdim=True).add(1e-6).sqrt(), one, other


@by_hand
def transformerBlk(p: dict[str, Any], x: Tensor) -> Tensor:
    def heads(name: str) -> Tensor:
        return (p[name] @ x).unflatten(0, (int(p["nh"]), -1)).transpose(1, 2)

    def normal(y: Tensor) -> Tensor:
        return F.layer_norm(y.T, [len(y)]).T

    found = F.scaled_dot_product_attention(heads("Wq"), heads("Wk"), heads("Wv"), is_causal=True)
    x = normal(x + p["Wo"] @ found.transpose(1, 2).flatten(0, 1))
    return normal(x + p["W2"] @ relu(p["W1"] @ x))


@by_hand
def vaeEnc(p: dict[str, Any], x: Tensor) -> tuple[Tensor, ...]:
    for name in ("a", "bb"):
        x = F.leaky_relu(dense(p[name], x), 0.2)
    mean, spread = dense(p["out"], x).chunk(2)
    return mean, mean, spread
