"""MATLAB's initializers of weights and biases, with the distributions of its documentation.

They differ from torch's of the same names: MATLAB's ``numIn`` of a transposed convolution is
``FilterSize(1)*FilterSize(2)*NumChannels``, where ``torch.nn.init`` takes NumFilters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from ..arrays import Array, restored
from ..display import size_text
from ..errors import PropertyError

Size = tuple[int, ...]
Initializer = str | Callable[..., Any]


def generator(seed: int | Generator | None) -> Generator:
    """A torch generator: the one given, a new one with that seed, or one seeded at random."""
    if isinstance(seed, Generator):
        return seed
    new = Generator()
    if seed is None:
        new.seed()
    else:
        new.manual_seed(seed)
    return new


def sample(initializer: Initializer, size: Size, fans: tuple[int, int], source: Generator) -> Array:
    """One array of ``size`` (MATLAB order), single and column-major.

    Raises ``PropertyError``: the function returned another size, or something that is not numeric
    or not finite.

    Parameters
    ----------
    initializer:
        'glorot': uniform, mean 0, variance 2/(numIn+numOut). 'he': normal, variance 2/numIn.
        'narrow-normal': normal, standard deviation 0.01. 'zeros', 'ones'. 'orthogonal': Q of the
        QR decomposition of a normal matrix. 'unit-forget-gate': an LSTM's bias, ones for the
        forget gate. Or a function of the size that returns an array of that size; trailing
        dimensions of size 1 may be missing, as MATLAB drops them.
    fans:
        (numIn, numOut) as the documentation of the layer defines them.
    """
    if callable(initializer):
        return _called(initializer, size)
    num_in, num_out = fans
    empty = torch.empty(size)
    limit = math.sqrt(6 / (num_in + num_out))  # U(-L, L) has variance L^2/3
    drawn: dict[str, Callable[[], Tensor]] = {
        "glorot": lambda: empty.uniform_(-limit, limit, generator=source),
        "he": lambda: empty.normal_(0, math.sqrt(2 / num_in), generator=source),
        "narrow-normal": lambda: empty.normal_(0, 0.01, generator=source),
        "zeros": empty.zero_,
        "ones": lambda: empty.fill_(1),
        "orthogonal": lambda: torch.nn.init.orthogonal_(empty, generator=source),
        # The second of four blocks of rows, for each direction.
        "unit-forget-gate": lambda: empty.copy_(torch.arange(size[0])[:, None] // num_in % 4 == 1),
    }
    return np.asfortranarray(drawn[initializer]().numpy())


def _called(function: Callable[..., Any], size: Size) -> Array:
    result = np.asarray(function(size))
    full = restored(result, size)
    if full is None or result.dtype.kind not in "iuf":
        raise PropertyError(
            f"The initializer function returned {size_text(result.shape)} of class "
            f"{result.dtype.name}, not a numeric array of {size_text(size)}."
        )
    if not np.isfinite(full).all():
        raise PropertyError("The initializer function returned NaN or infinite numbers.")
    return np.asfortranarray(full, dtype=np.float32)
