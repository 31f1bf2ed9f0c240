"""Embeddings and indexing on N,C,T tensors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import DataFormatError


class PositionEmbedding(nn.Module):
    """positionEmbeddingLayer: N,C,T to N,D,T, the embedding of positions 1 to T alone."""

    def __init__(self, max_position: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(max_position, size))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        positions = x.shape[2]
        if positions > self.weight.shape[0]:
            raise DataFormatError(
                f"The input has {positions} positions, but MaxPosition is {self.weight.shape[0]}.",
                remedy="give shorter sequences.",
            )
        return self.weight[:positions].T.expand(x.shape[0], -1, -1)


class WordEmbedding(nn.Module):
    """wordEmbeddingLayer: word indices N,1,T (or N,1), counted from 1, to N,D,T (or N,D)."""

    def __init__(self, words: int, columns: int, size: int) -> None:
        super().__init__()
        self.words = words
        self.weight = nn.Parameter(torch.zeros(columns, size))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if not torch.compiler.is_compiling():  # an exported graph cannot look at its data
            self._check(x)
        return F.embedding(x.squeeze(1).long() - 1, self.weight).movedim(-1, 1)

    def _check(self, x: Tensor) -> None:
        if not bool(((x >= 1) & (x <= self.words) & (x == x.round())).all()):
            raise DataFormatError(
                f"Word indices must be integers from 1 to {self.words}.",
                remedy="remove padding and words that are not in the vocabulary: what MATLAB does "
                "with them is not documented.",
            )


class EmbeddingConcatenation(nn.Module):
    """embeddingConcatenationLayer: N,C,T to N,C,T+1 with the learnt vector in front."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([self.weight[None, :, None].expand(x.shape[0], -1, 1), x], 2)


class Indexing(nn.Module):
    """indexing1dLayer: one step of the last dimension; ``index`` counts from 0, or -1 for last."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.index >= x.shape[-1]:
            raise DataFormatError(
                f"Index {self.index + 1} is beyond the {x.shape[-1]} steps of the input."
            )
        return x.select(-1, self.index)
