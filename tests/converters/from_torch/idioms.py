"""What people write in a forward: small modules, each with the size of its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Idiom:
    """A module, the size of an input in torch's order, and the MATLAB layers that it becomes."""

    module: nn.Module
    size: tuple[int, ...]
    layers: str
    #: The input holds indices below this number.
    indices: int = 0
    #: What torch.export writes for it is understood as well.
    exported: bool = True
    #: What torch's dimensions of the input and of the result hold, where it is not N,C,space or
    #: N,C,T.
    given: str = ""
    result: str = ""


#: An input of words.
_WORDS: Any = {"indices": 9, "given": "NT"}


class Does(nn.Module):
    """A module whose forward is a function of it and its input; parts are its submodules."""

    def __init__(self, does: Callable[[Any, Tensor], Any], **parts: nn.Module | Tensor) -> None:
        super().__init__()
        self.does = does
        for name, part in parts.items():
            if isinstance(part, Tensor):
                self.register_parameter(name, nn.Parameter(part))
            else:
                setattr(self, name, part)

    def forward(self, x: Tensor) -> Any:
        """What the function says."""
        return self.does(self, x)


def _ends(m: Any, x: Tensor) -> Tensor:
    first, _, _, last = m.norm(x).unbind(1)
    return first + last  # type: ignore[no-any-return]


def _gated(m: Any, x: Tensor) -> Tensor:
    a, b = m.conv(x).chunk(2, 1)
    return a * torch.sigmoid(b)  # type: ignore[no-any-return]


def _turned_round(m: Any, x: Tensor) -> Tensor:
    a, b = torch.split(m.fc(x), [1, 4], -1)
    return torch.cat([b, a], 1)


def _scaled_channels(m: Any, x: Tensor) -> Tensor:
    """Squeeze and excitation, as everyone copies it."""
    b, c, _, _ = x.shape
    y = m.pool(x).view(b, c)
    y = torch.sigmoid(m.up(F.relu(m.down(y)))).view(b, c, 1, 1)
    return x * y


def _block(m: Any, x: Tensor) -> Tensor:
    """A ConvNeXt block: normalization and linear layers over the channels of images."""
    y = m.conv(x).permute(0, 2, 3, 1)
    y = m.down(F.gelu(m.up(m.norm(y))))
    return x + (m.gamma * y).permute(0, 3, 1, 2)


def _encoder(m: Any, x: Tensor) -> Tensor:
    """A transformer's encoder block, normalization first."""
    y = m.norm1(x)
    x = x + m.attention(y, y, y, need_weights=False)[0]
    return x + m.down(F.gelu(m.up(m.norm2(x))))


def _u_net(m: Any, x: Tensor) -> Tensor:
    """One step down and up; the padding is of size 0 where the sizes are even."""
    first = F.relu(m.a(x))
    y = m.up(F.relu(m.b(m.pool(first))))
    rows, columns = first.size()[2] - y.size()[2], first.size()[3] - y.size()[3]
    y = F.pad(y, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
    return torch.sigmoid(m.c(torch.cat([first, y], dim=1))).squeeze(1)


def _patches(m: Any, x: Tensor) -> Tensor:
    """Patches in a row, their positions, one encoder block, the mean of all."""
    y = m.conv(x).flatten(2).transpose(1, 2)
    y = y + m.positions
    z = m.norm(y)
    y = y + m.attention(z, z, z)[0]
    y = y + m.down(F.gelu(m.up(y)))
    result: Tensor = m.head(y.mean(dim=1))
    return result


_CONV = nn.Conv2d(3, 4, 3, padding=1)
_IMAGE = (2, 3, 8, 6)
_FLAT = 4 * 8 * 6

IDIOMS: dict[str, Idiom] = {
    # --- from images to features ---
    "torch.flatten(x, 1)": Idiom(
        Does(lambda m, x: m.fc(torch.flatten(m.conv(x), 1)), conv=_CONV, fc=nn.Linear(_FLAT, 5)),
        _IMAGE,
        "Convolution2D Flatten FullyConnected",
    ),
    "x.flatten(start_dim=1)": Idiom(
        Does(lambda m, x: m.fc(m.conv(x).flatten(start_dim=1)), conv=_CONV, fc=nn.Linear(_FLAT, 5)),
        _IMAGE,
        "Convolution2D Flatten FullyConnected",
    ),
    "x.view(x.size(0), -1)": Idiom(
        Does(lambda m, x: m.fc(m.conv(x).view(x.size(0), -1)), conv=_CONV, fc=nn.Linear(_FLAT, 5)),
        _IMAGE,
        "Convolution2D Flatten FullyConnected",
    ),
    "x.reshape(x.shape[0], -1)": Idiom(
        Does(
            lambda m, x: m.fc(m.conv(x).reshape(x.shape[0], -1)), conv=_CONV, fc=nn.Linear(_FLAT, 5)
        ),
        _IMAGE,
        "Convolution2D Flatten FullyConnected",
    ),
    "x.view(-1, features)": Idiom(
        Does(lambda m, x: m.fc(m.conv(x).view(-1, _FLAT)), conv=_CONV, fc=nn.Linear(_FLAT, 5)),
        _IMAGE,
        "Convolution2D Flatten FullyConnected",
    ),
    "a flattened image is the result": Idiom(
        nn.Sequential(_CONV, nn.Flatten()), _IMAGE, "Convolution2D Function Flatten"
    ),
    "two flattened images side by side": Idiom(
        Does(
            lambda m, x: m.fc(torch.cat([m.conv(x).flatten(1), x.flatten(1)], 1)),
            conv=_CONV,
            fc=nn.Linear(_FLAT + 144, 5),
        ),
        _IMAGE,
        "Convolution2D Function Flatten Function Flatten Concatenation FullyConnected",
    ),
    "x.mean([2, 3])": Idiom(
        Does(lambda m, x: m.fc(x.mean([2, 3])), fc=nn.Linear(3, 5)),
        _IMAGE,
        "GlobalAveragePooling2D Flatten FullyConnected",
    ),
    "torch.mean(x, dim=(-2, -1), keepdim=True)": Idiom(
        Does(lambda m, x: m.conv(torch.mean(x, dim=(-2, -1), keepdim=True)), conv=_CONV),
        _IMAGE,
        "GlobalAveragePooling2D Convolution2D",
    ),
    "x.amax((2, 3))": Idiom(
        Does(lambda m, x: m.fc(x.amax((2, 3))), fc=nn.Linear(3, 5)),
        _IMAGE,
        "GlobalMaxPooling2D Flatten FullyConnected",
    ),
    "x.squeeze(-1).squeeze(-1)": Idiom(
        Does(
            lambda m, x: m.fc(m.pool(x).squeeze(-1).squeeze(-1)),
            pool=nn.AdaptiveAvgPool2d(1),
            fc=nn.Linear(3, 5),
        ),
        _IMAGE,
        "GlobalAveragePooling2D Flatten FullyConnected",
    ),
    "torch.squeeze(x)": Idiom(
        Does(
            lambda m, x: m.fc(torch.squeeze(m.pool(x))),
            pool=nn.AdaptiveMaxPool2d(1),
            fc=nn.Linear(3, 5),
        ),
        _IMAGE,
        "GlobalMaxPooling2D Flatten FullyConnected",
    ),
    "x[:, :, 0, 0]": Idiom(
        Does(lambda m, x: m.fc(F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]), fc=nn.Linear(3, 5)),
        _IMAGE,
        "GlobalAveragePooling2D Flatten FullyConnected",
    ),
    "F.avg_pool2d(x, x.size()[2:])": Idiom(
        Does(lambda m, x: m.fc(F.avg_pool2d(x, x.size()[2:]).flatten(1)), fc=nn.Linear(3, 5)),
        _IMAGE,
        "AveragePooling2D Flatten FullyConnected",
    ),
    "F.softmax(x, dim=1)": Idiom(
        Does(lambda m, x: F.softmax(m.conv(x), dim=1), conv=_CONV), _IMAGE, "Convolution2D Softmax"
    ),
    "x.softmax(-1) of features": Idiom(
        Does(lambda m, x: m.fc(x).softmax(-1), fc=nn.Linear(6, 4)), (3, 6), "FullyConnected Softmax"
    ),
    # --- from features to images ---
    "fc(z).view(-1, C, H, W)": Idiom(
        Does(
            lambda m, x: m.up(F.relu(m.fc(x)).view(-1, 4, 3, 2)),
            fc=nn.Linear(6, 24),
            up=nn.ConvTranspose2d(4, 2, 4, 2, 1),
        ),
        (2, 6),
        "FullyConnected ReLU Function Function TransposedConvolution2D",
    ),
    "nn.Unflatten": Idiom(
        nn.Sequential(nn.Linear(6, 24), nn.Unflatten(1, (4, 3, 2)), nn.Conv2d(4, 2, 2)),
        (2, 6),
        "FullyConnected Function Function Convolution2D",
    ),
    # --- activations ---
    "nn.Softplus": Idiom(nn.Sequential(nn.Softplus()), _IMAGE, "Softplus"),
    "F.softplus(x, beta=2)": Idiom(
        Does(lambda m, x: F.softplus(x, beta=2)), _IMAGE, "NnetScaling Softplus NnetScaling"
    ),
    "nn.PReLU()": Idiom(nn.Sequential(nn.PReLU()), _IMAGE, "PReLU"),
    "nn.PReLU(channels)": Idiom(nn.Sequential(nn.PReLU(3)), _IMAGE, "PReLU"),
    "PReLU of a flattened image": Idiom(
        nn.Sequential(_CONV, nn.Flatten(), nn.PReLU(_FLAT), nn.Linear(_FLAT, 5)),
        _IMAGE,
        "Convolution2D Flatten PReLU FullyConnected",
    ),
    "F.relu6": Idiom(Does(lambda m, x: F.relu6(x)), _IMAGE, "ClippedReLU"),
    "nn.Hardtanh": Idiom(
        nn.Sequential(nn.Hardtanh(-0.2, 0.3)), _IMAGE, "NnetScaling ClippedReLU NnetScaling"
    ),
    "x.clamp(0, 0.3)": Idiom(Does(lambda m, x: x.clamp(0, 0.3)), _IMAGE, "ClippedReLU"),
    "torch.clamp(x, min=0)": Idiom(Does(lambda m, x: torch.clamp(x, min=0)), _IMAGE, "ReLU"),
    "x.relu().tanh().sigmoid()": Idiom(
        Does(lambda m, x: x.relu().tanh().sigmoid()), _IMAGE, "ReLU Tanh Sigmoid"
    ),
    "nn.SELU": Idiom(nn.Sequential(nn.SELU()), _IMAGE, "ELU NnetScaling"),
    "F.elu, F.silu, F.leaky_relu, F.gelu": Idiom(
        Does(
            lambda m, x: F.gelu(F.leaky_relu(F.silu(F.elu(x, 0.5)), 0.2), approximate="tanh"),
        ),
        _IMAGE,
        "ELU Swish LeakyReLU GELU",
    ),
    # --- arithmetic ---
    "2*x + 1": Idiom(Does(lambda m, x: 2 * x + 1), _IMAGE, "NnetScaling"),
    "(x - 0.5) / 0.25": Idiom(
        Does(lambda m, x: (x - 0.5) / 0.25), _IMAGE, "NnetScaling NnetScaling"
    ),
    "1 - x": Idiom(Does(lambda m, x: 1 - x), _IMAGE, "NnetScaling"),
    "(x - self.mean) / self.std": Idiom(
        Does(
            lambda m, x: (x - m.mean) / m.std,
            mean=torch.rand(1, 3, 1, 1),
            std=torch.rand(1, 3, 1, 1) + 0.5,
        ),
        _IMAGE,
        "NnetScaling NnetScaling",
    ),
    "x * self.scale of features": Idiom(
        Does(lambda m, x: x * m.scale, scale=torch.rand(6)), (3, 6), "NnetScaling"
    ),
    "x - conv(x)": Idiom(
        Does(lambda m, x: x - m.conv(x), conv=nn.Conv2d(3, 3, 3, padding=1)),
        _IMAGE,
        "Convolution2D NnetScaling Addition",
    ),
    "x ** 2": Idiom(Does(lambda m, x: x**2), _IMAGE, "Multiplication"),
    "x * torch.sigmoid(x)": Idiom(
        Does(lambda m, x: x * torch.sigmoid(x)), _IMAGE, "Sigmoid Multiplication"
    ),
    "squeeze and excitation": Idiom(
        Does(
            _scaled_channels,
            pool=nn.AdaptiveAvgPool2d(1),
            down=nn.Linear(3, 2),
            up=nn.Linear(2, 3),
        ),
        _IMAGE,
        "GlobalAveragePooling2D Flatten FullyConnected ReLU FullyConnected Sigmoid Multiplication",
    ),
    # --- resampling and pooling ---
    "nn.Upsample(scale_factor=2)": Idiom(
        nn.Sequential(nn.Upsample(scale_factor=2)), _IMAGE, "Resize2D"
    ),
    "nn.Upsample(mode='bilinear')": Idiom(
        nn.Sequential(nn.Upsample(scale_factor=(2, 3), mode="bilinear")), _IMAGE, "Resize2D"
    ),
    "F.interpolate(x, size=(5, 9))": Idiom(
        Does(lambda m, x: F.interpolate(x, size=(5, 9))), _IMAGE, "Resize2D"
    ),
    "F.interpolate(x, y.shape[2:])": Idiom(
        Does(
            lambda m, x: (
                F.interpolate(m.down(x), x.shape[2:], mode="bilinear", align_corners=False) + x
            ),
            down=nn.Conv2d(3, 3, 3, stride=2, padding=1),
        ),
        _IMAGE,
        "Convolution2D Resize2D Addition",
    ),
    "F.interpolate(mode='nearest-exact')": Idiom(
        Does(lambda m, x: F.interpolate(x, size=(3, 11), mode="nearest-exact")), _IMAGE, "Resize2D"
    ),
    "trilinear": Idiom(
        nn.Sequential(nn.Upsample(scale_factor=2, mode="trilinear")), (1, 2, 3, 4, 2), "Resize3D"
    ),
    "nn.PixelShuffle": Idiom(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.PixelShuffle(2)),
        _IMAGE,
        "Convolution2D DepthToSpace2D",
    ),
    "nn.AdaptiveAvgPool2d of equal blocks": Idiom(
        nn.Sequential(nn.AdaptiveAvgPool2d((4, 3)), nn.Flatten(), nn.Linear(36, 2)),
        _IMAGE,
        "AdaptiveAveragePooling2D Flatten FullyConnected",
    ),
    "nn.AdaptiveMaxPool2d of equal blocks": Idiom(
        nn.Sequential(nn.AdaptiveMaxPool2d((4, 2))), _IMAGE, "MaxPooling2D"
    ),
    "F.max_pool2d(F.relu(x), 2)": Idiom(
        Does(lambda m, x: F.max_pool2d(F.relu(m.conv(x)), 2), conv=_CONV),
        _IMAGE,
        "Convolution2D ReLU MaxPooling2D",
    ),
    "F.adaptive_avg_pool1d": Idiom(
        Does(lambda m, x: F.adaptive_avg_pool1d(x, 1).squeeze(-1)),
        (2, 3, 8),
        "GlobalAveragePooling1D",
    ),
    "F.max_pool3d": Idiom(Does(lambda m, x: F.max_pool3d(x, 2)), (1, 2, 4, 4, 4), "MaxPooling3D"),
    # --- normalization ---
    "nn.GroupNorm": Idiom(nn.Sequential(nn.GroupNorm(2, 4)), (2, 4, 5, 6), "GroupNormalization"),
    "nn.GroupNorm of sequences": Idiom(
        nn.Sequential(nn.Conv1d(3, 4, 3), nn.GroupNorm(2, 4)),
        (2, 3, 8),
        "Convolution1D GroupNormalization",
    ),
    "nn.InstanceNorm2d": Idiom(
        nn.Sequential(nn.InstanceNorm2d(3, affine=True)), _IMAGE, "InstanceNormalization"
    ),
    "nn.InstanceNorm1d": Idiom(
        nn.Sequential(nn.Conv1d(3, 4, 3), nn.InstanceNorm1d(4)),
        (2, 3, 8),
        "Convolution1D InstanceNormalization",
    ),
    "nn.LayerNorm of sequences": Idiom(
        nn.Sequential(nn.LayerNorm(6)),
        (2, 7, 6),
        "LayerNormalization",
        given="NTC",
        result="NTC",
    ),
    "nn.LayerNorm of whole images": Idiom(
        nn.Sequential(nn.LayerNorm([3, 8, 6])), _IMAGE, "LayerNormalization NnetScaling"
    ),
    "nn.LocalResponseNorm": Idiom(
        nn.Sequential(nn.LocalResponseNorm(3)), _IMAGE, "CrossChannelNormalization", exported=False
    ),
    "F.layer_norm": Idiom(
        Does(
            lambda m, x: F.layer_norm(x, (6,), m.weight, m.bias),
            weight=torch.rand(6),
            bias=torch.rand(6),
        ),
        (2, 7, 6),
        "LayerNormalization",
        given="NTC",
        result="NTC",
    ),
    "F.conv2d with own weights": Idiom(
        Does(lambda m, x: F.conv2d(x, m.weight, padding=1), weight=torch.rand(2, 3, 3, 3)),
        _IMAGE,
        "Convolution2D",
    ),
    "F.linear with own weights": Idiom(
        Does(
            lambda m, x: F.linear(x, m.weight, m.bias), weight=torch.rand(2, 6), bias=torch.rand(2)
        ),
        (3, 6),
        "FullyConnected",
    ),
    "a ConvNeXt block": Idiom(
        Does(
            _block,
            conv=nn.Conv2d(4, 4, 7, padding=3, groups=4),
            norm=nn.LayerNorm(4),
            up=nn.Linear(4, 8),
            down=nn.Linear(8, 4),
            gamma=torch.rand(4),
        ),
        (2, 4, 8, 6),
        "GroupedConvolution2D LayerNormalization Convolution2D GELU Convolution2D NnetScaling "
        "Addition",
    ),
    # --- sequences ---
    "nn.Embedding": Idiom(
        Does(lambda m, x: m.fc(m.embedding(x)), embedding=nn.Embedding(9, 4), fc=nn.Linear(4, 3)),
        (2, 7),
        "WordEmbedding FullyConnected",
        result="NTC",
        **_WORDS,
    ),
    "embedding(x).mean(dim=1)": Idiom(
        Does(
            lambda m, x: m.fc(m.embedding(x).mean(dim=1)),
            embedding=nn.Embedding(9, 4),
            fc=nn.Linear(4, 3),
        ),
        (2, 7),
        "WordEmbedding GlobalAveragePooling1D FullyConnected",
        **_WORDS,
    ),
    "nn.MultiheadAttention": Idiom(
        Does(
            lambda m, x: m.attention(x, x, x)[0],
            attention=nn.MultiheadAttention(8, 2, batch_first=True),
        ),
        (2, 7, 8),
        "SelfAttention",
        exported=False,
        given="NTC",
        result="NTC",
    ),
    "an encoder block": Idiom(
        Does(
            _encoder,
            norm1=nn.LayerNorm(8),
            attention=nn.MultiheadAttention(8, 2, batch_first=True),
            norm2=nn.LayerNorm(8),
            up=nn.Linear(8, 16),
            down=nn.Linear(16, 8),
        ),
        (2, 7, 8),
        "LayerNormalization SelfAttention Addition LayerNormalization FullyConnected GELU "
        "FullyConnected Addition",
        exported=False,
        given="NTC",
        result="NTC",
    ),
    "x.transpose(1, 2) around convolutions": Idiom(
        Does(
            lambda m, x: m.fc(m.conv(x.transpose(1, 2)).transpose(1, 2)),
            conv=nn.Conv1d(3, 4, 3, padding=1),
            fc=nn.Linear(4, 2),
        ),
        (2, 7, 3),
        "Convolution1D FullyConnected",
        given="NTC",
        result="NTC",
    ),
    "x[:, -1] of a sequence": Idiom(
        Does(lambda m, x: m.fc(m.norm(x)[:, -1]), norm=nn.LayerNorm(6), fc=nn.Linear(6, 2)),
        (2, 7, 6),
        "LayerNormalization Indexing1D FullyConnected",
        given="NTC",
    ),
    "unbind(1) of a sequence": Idiom(
        Does(_ends, norm=nn.LayerNorm(6)),
        (2, 4, 6),
        "LayerNormalization Indexing1D Indexing1D Addition",
        given="NTC",
    ),
    "chunk(2, 1), as of gates": Idiom(
        Does(_gated, conv=nn.Conv2d(3, 6, 3, padding=1)),
        _IMAGE,
        "Convolution2D Convolution2D Sigmoid Multiplication",
    ),
    "torch.split of features": Idiom(
        Does(_turned_round, fc=nn.Linear(6, 5)),
        (3, 6),
        "FullyConnected FullyConnected Concatenation",
    ),
    "y[:, -1] of nn.LSTM": Idiom(
        Does(
            lambda m, x: m.fc(m.lstm(x)[0][:, -1]),
            lstm=nn.LSTM(3, 5, num_layers=2, batch_first=True),
            fc=nn.Linear(5, 2),
        ),
        (2, 7, 3),
        "LSTM LSTM FullyConnected",
        given="NTC",
    ),
    "h[-1] of nn.LSTM": Idiom(
        Does(lambda m, x: m.lstm(x)[1][0][-1], lstm=nn.LSTM(3, 5, batch_first=True)),
        (2, 7, 3),
        "LSTM",
        given="NTC",
    ),
    "bidirectional nn.LSTM": Idiom(
        Does(
            lambda m, x: m.lstm(x)[0],
            lstm=nn.LSTM(3, 5, batch_first=True, bidirectional=True, bias=False),
        ),
        (2, 7, 3),
        "BiLSTM",
        given="NTC",
        result="NTC",
    ),
    "h[-1] of nn.GRU": Idiom(
        Does(lambda m, x: m.gru(x)[1][-1], gru=nn.GRU(3, 5, batch_first=True)),
        (2, 7, 3),
        "GRU",
        given="NTC",
    ),
    # --- padding ---
    "F.pad before a convolution": Idiom(
        Does(lambda m, x: m.conv(F.pad(x, (0, 1, 2, 1))), conv=nn.Conv2d(3, 2, 3, padding=1)),
        _IMAGE,
        "Convolution2D",
    ),
    "a causal convolution": Idiom(
        Does(lambda m, x: m.conv(F.pad(x, (2, 0))), conv=nn.Conv1d(3, 2, 3)),
        (2, 3, 9),
        "Convolution1D",
    ),
    "nn.ReflectionPad2d": Idiom(
        nn.Sequential(nn.ReflectionPad2d(2), nn.Conv2d(3, 2, 3)), _IMAGE, "Convolution2D"
    ),
    "a U-Net, padded where sizes differ": Idiom(
        Does(
            _u_net,
            a=nn.Conv2d(3, 4, 3, padding=1),
            b=nn.Conv2d(4, 8, 3, padding=1),
            pool=nn.MaxPool2d(2),
            up=nn.ConvTranspose2d(8, 4, 2, 2),
            c=nn.Conv2d(8, 1, 1),
        ),
        _IMAGE,
        "Convolution2D ReLU MaxPooling2D Convolution2D ReLU TransposedConvolution2D Concatenation "
        "Convolution2D Sigmoid",
        result="NHW",
    ),
    # --- more of sequences and rows ---
    "torch.max(x, 2)[0]": Idiom(
        Does(
            lambda m, x: m.fc(torch.max(m.conv(x), 2)[0]),
            conv=nn.Conv1d(3, 4, 1),
            fc=nn.Linear(4, 2),
        ),
        (2, 3, 9),
        "Convolution1D GlobalMaxPooling1D FullyConnected",
    ),
    "x.max(dim=1).values": Idiom(
        Does(lambda m, x: m.norm(x).max(dim=1).values, norm=nn.LayerNorm(6)),
        (2, 7, 6),
        "LayerNormalization GlobalMaxPooling1D",
        given="NTC",
    ),
    "x + self.positions": Idiom(
        Does(lambda m, x: m.fc(x + m.positions), positions=torch.rand(1, 7, 6), fc=nn.Linear(6, 2)),
        (2, 7, 6),
        "PositionEmbedding Addition FullyConnected",
        given="NTC",
        result="NTC",
    ),
    "embeddings of words and positions": Idiom(
        Does(
            lambda m, x: m.words(x) + m.positions(torch.arange(x.shape[1])),
            words=nn.Embedding(9, 4),
            positions=nn.Embedding(20, 4),
        ),
        (2, 7),
        "WordEmbedding PositionEmbedding Addition",
        result="NTC",
        **_WORDS,
    ),
    "x.flatten(2).mean(-1)": Idiom(
        Does(lambda m, x: m.fc(x.flatten(2).mean(-1)), fc=nn.Linear(3, 2)),
        _IMAGE,
        "Function Function GlobalAveragePooling1D Flatten FullyConnected",
    ),
    "a vision transformer": Idiom(
        Does(
            _patches,
            conv=nn.Conv2d(3, 8, 2, stride=2),
            positions=torch.rand(1, 12, 8),
            norm=nn.LayerNorm(8),
            attention=nn.MultiheadAttention(8, 2, batch_first=True),
            up=nn.Linear(8, 16),
            down=nn.Linear(16, 8),
            head=nn.Linear(8, 3),
        ),
        _IMAGE,
        "Convolution2D Function Function PositionEmbedding Addition LayerNormalization "
        "SelfAttention Addition Convolution1D GELU Convolution1D Addition GlobalAveragePooling1D "
        "Flatten FullyConnected",
        exported=False,
    ),
    "N,H,W,C data": Idiom(
        Does(lambda m, x: m.conv(x.permute(0, 3, 1, 2)), conv=nn.Conv2d(3, 2, 3)),
        (2, 8, 6, 3),
        "Convolution2D",
        given="NHWC",
    ),
    # --- what passes data on ---
    "dropout in all its forms": Idiom(
        Does(
            lambda m, x: F.dropout2d(F.dropout(m.a(m.b(x)), 0.2, m.training), 0.1, m.training),
            a=nn.Dropout2d(0.2),
            b=nn.Identity(),
        ).eval(),
        _IMAGE,
        "SpatialDropout Dropout SpatialDropout",
        exported=False,
    ),
    "x.contiguous(), .clone(), .float()": Idiom(
        Does(lambda m, x: m.conv(x.contiguous().clone().float()), conv=_CONV),
        _IMAGE,
        "Convolution2D",
    ),
    "x.unsqueeze(1) makes channels": Idiom(
        Does(lambda m, x: m.conv(x.unsqueeze(1)), conv=nn.Conv2d(1, 2, 3)),
        (2, 8, 6),
        "Convolution2D",
        given="NHW",
    ),
}
