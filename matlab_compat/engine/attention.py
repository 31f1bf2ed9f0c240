"""Dot-product attention on N,C,T tensors, heads as contiguous blocks of channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import DataFormatError
from .module import Module


@dataclass(frozen=True)
class Settings:
    """What both attention layers can be told."""

    heads: int
    causal: bool = False
    dropout: float = 0.0
    #: What the products of queries and keys are multiplied by; ``None`` for 1/sqrt(key channels).
    scale: float | None = None
    #: The scores are an output.
    scores: bool = False


class Attention(Module):
    """attentionLayer: queries N,C,Q, keys N,C,K and values N,D,K to N,D,Q.

    With a mask N,1,K (1 for data, 0 for padding) no query attends to padding; ``pairs``, N,Q,K or
    1,Q,K, is 0 where a query does not attend to a key. The scores, where they are an output, are
    K,Q,heads,N: unlabelled dimensions keep MATLAB's order.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None = None,
        pairs: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        q, k, v = (self._heads(x) for x in (query, key, value))
        allowed = self._allowed(q, k, mask)
        if pairs is not None:
            wanted = pairs[:, None] != 0  # N,1,Q,K
            allowed = wanted if allowed is None else allowed & wanted
        s = self.settings
        dropout = s.dropout if self.training else 0.0
        if not s.scores:
            y = F.scaled_dot_product_attention(q, k, v, allowed, dropout, scale=s.scale)
            return self._joined(y)
        scale = q.shape[-1] ** -0.5 if s.scale is None else s.scale
        products = q @ k.transpose(2, 3) * scale
        if allowed is not None:
            products = products.masked_fill(~allowed, -torch.inf)
        scores = products.softmax(3)
        return self._joined(F.dropout(scores, dropout) @ v), scores.permute(3, 2, 1, 0)

    def _heads(self, x: Tensor) -> Tensor:
        """N,C,T as N,heads,T,C/heads."""
        heads = self.settings.heads
        if x.shape[1] % heads:
            raise DataFormatError(
                f"{x.shape[1]} channels cannot be divided among {heads} heads.",
                remedy="NumHeads must divide the number of channels of each input.",
            )
        return x.reshape(x.shape[0], heads, -1, x.shape[2]).transpose(2, 3)

    def _joined(self, y: Tensor) -> Tensor:
        """The inverse of :meth:`_heads`."""
        return y.transpose(1, 2).flatten(2).transpose(1, 2)

    def _allowed(self, q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor | None:
        """Which keys each query may attend to; ``None`` for all."""
        allowed = None if mask is None else (mask[:, None, :1] != 0)  # N,1,1,K
        if self.settings.causal:
            past = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
            allowed = past if allowed is None else allowed & past
        return allowed


class SelfAttention(Attention):
    """selfAttentionLayer: N,C,T to N,D,T. Weights are out x in, as in ``nn.Linear``.

    The channels are those of the input, of queries and keys, of values, and of the output.
    """

    def __init__(
        self, inputs: int, keys: int, values: int, outputs: int, settings: Settings
    ) -> None:
        super().__init__(settings)
        self.inputs, self.keys, self.values, self.outputs = inputs, keys, values, outputs
        rows = {"query": keys, "key": keys, "value": values}
        shapes = {name: (n, inputs) for name, n in rows.items()} | {"output": (outputs, values)}
        for name, shape in shapes.items():
            self.register_parameter(f"{name}_weight", nn.Parameter(torch.zeros(shape)))
            self.register_parameter(f"{name}_bias", nn.Parameter(torch.zeros(shape[0])))

    def forward(  # type: ignore[override]
        self, x: Tensor, mask: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """See the class."""
        query, key, value = (self.project(name, x) for name in ("query", "key", "value"))
        attended = super().forward(query, key, value, mask)
        if isinstance(attended, tuple):
            return self.project("output", attended[0]), attended[1]
        return self.project("output", attended)

    def project(self, name: str, x: Tensor) -> Tensor:
        """The "query", "key" or "value" of N,C,T, or the "output" of what was attended to."""
        weight, bias = self.get_parameter(f"{name}_weight"), self.get_parameter(f"{name}_bias")
        return F.linear(x.transpose(1, 2), weight, bias).transpose(1, 2)
