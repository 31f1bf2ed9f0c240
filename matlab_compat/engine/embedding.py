"""Embeddings and indexing on N,C,T tensors; of images, in patches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..display import size_text
from ..errors import DataFormatError
from .module import Module


def _has_values(x: Tensor) -> bool:
    """Whether data can be looked at: not while a graph is traced or only sizes are computed."""
    return not x.is_meta and not torch.compiler.is_compiling()


class PositionEmbedding(Module):
    """positionEmbeddingLayer: N,C,T to N,D,T, the embedding of positions 1 to T alone."""

    def __init__(self, max_position: int, size: int) -> None:
        super().__init__()
        self.max_position, self.size = max_position, size
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


class WordEmbedding(Module):
    """wordEmbeddingLayer: word indices N,1,T (or N,1), counted from 1, to N,size,T (or N,size).

    There are as many ``columns`` as ``words``, or one more, the vector of unknown words.
    ``known_only`` refuses indices that are no word's; an exported program cannot look at data.
    """

    def __init__(self, words: int, columns: int, size: int, known_only: bool) -> None:
        super().__init__()
        self.words, self.columns, self.size = words, columns, size
        self.known_only = known_only
        self.weight = nn.Parameter(torch.zeros(columns, size))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if _has_values(x):
            self._check(x)
        index = x.squeeze(1).long()
        known = (index >= 1) & (index <= self.words)
        place = torch.where(known, index - 1, torch.full_like(index, self.weight.shape[0] - 1))
        return F.embedding(place, self.weight).movedim(-1, 1)

    def _check(self, x: Tensor) -> None:
        least = 1 if self.known_only else 0
        if not bool(((x >= least) & (x == x.round())).all()):
            what = f"Word indices must be integers from {least} on; 0 is padding."
            raise DataFormatError(what, remedy="encode the text with the layer's own vocabulary.")
        if self.known_only and not bool((x <= self.words).all()):
            raise DataFormatError(
                f"Word indices must be integers from 1 to {self.words}: the layer has no vector "
                "for padding and unknown words (OOVMode 'error', or Weights without a column "
                f"{self.words + 1}).",
                remedy="remove them from the data, or save the layer after the training.",
            )


class EmbeddingConcatenation(Module):
    """embeddingConcatenationLayer: N,C,T to N,C,T+1 with the learnt vector in front."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([self.weight[None, :, None].expand(x.shape[0], -1, 1), x], 2)


class Indexing(Module):
    """indexing1dLayer: one step of the last dimension; ``index`` counts from 0, or -1 for last.

    With a mask N,1,T only steps that it does not say 0 for are counted.
    """

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """N,C,*space,T to N,C,*space."""
        if mask is not None:
            return self._masked(x, mask[:, 0] != 0)
        if self.index >= x.shape[-1]:
            raise DataFormatError(
                f"Index {self.index + 1} is beyond the {x.shape[-1]} steps of the input."
            )
        return x.select(-1, self.index)

    def _masked(self, x: Tensor, data: Tensor) -> Tensor:
        """``data`` is N,T."""
        count = data.long().cumsum(1)  # the number of each step among those of data
        wanted = count[:, -1:] if self.index < 0 else torch.full_like(count[:, -1:], self.index + 1)
        chosen = data & (count == wanted)
        if _has_values(chosen) and not bool(chosen.any(1).all()):
            what = "The padding mask leaves an observation fewer steps than the index needs."
            raise DataFormatError(what, remedy="give a mask that is 1 for data and 0 for padding.")
        place = chosen.long().argmax(1).reshape(-1, *(1,) * (x.ndim - 1))
        return x.gather(-1, place.expand(*x.shape[:-1], 1)).squeeze(-1)


class PatchEmbedding(Module):
    """patchEmbeddingLayer: N,C,H,W to N,F,P, P the patches in a row.

    ``patch_size`` is (h, w) of the filters and their stride. ``by_rows`` takes the patches of the
    first row first ('row-major'); else those of the first column.
    """

    def __init__(
        self, patch_size: Sequence[int], channels: int, filters: int, by_rows: bool
    ) -> None:
        super().__init__()
        self.patch_size = tuple(patch_size)
        self.channels, self.filters = channels, filters
        self.by_rows = by_rows
        self.weight = nn.Parameter(torch.zeros(filters, channels, *self.patch_size))
        self.bias = nn.Parameter(torch.zeros(filters))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if any(n % k for n, k in zip(x.shape[2:], self.patch_size, strict=True)):
            image, patch = map(size_text, (x.shape[2:], self.patch_size))
            what = f"An image of {image} does not divide into patches of {patch}."
            raise DataFormatError(what, remedy="feed images whose size is a multiple of PatchSize.")
        y = F.conv2d(x, self.weight, self.bias, self.patch_size)
        return (y if self.by_rows else y.transpose(2, 3)).flatten(2)
