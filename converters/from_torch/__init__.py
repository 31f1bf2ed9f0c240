"""From PyTorch to MATLAB: a module made of layers that MATLAB has becomes a network.

Semantics: the documentation pages of torch's modules and of MATLAB's layers; the tests compare the
network's outputs with the module's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from matlab_compat.network import Network


def from_torch(
    module: torch.nn.Module | torch.export.ExportedProgram, example_input: Any = None
) -> Network:
    """The MATLAB network that computes what ``module`` computes in eval mode.

    Parameters
    ----------
    module:
        An ``nn.Sequential``, or any module that ``torch.fx`` can trace, made of what the table in
        :mod:`converters.from_torch.operations` lists: modules, the functions of the same name
        (``F.max_pool2d(F.relu(x), 2)``), arithmetic with numbers and the module's own tensors,
        and ``flatten``, ``view``, ``squeeze``, ``mean([2, 3])``, ``permute``, ``cat``. Or the
        program that ``torch.export`` made of it (without LSTM, GRU and attention), which knows
        its own inputs.
    example_input:
        A tensor (or a tuple of them) in torch's order: N,C,H,W, N,C,T (N,T,C where the module
        starts with an LSTM, a GRU, an attention, a LayerNorm or a Linear), N,C, or N,T indices
        for an Embedding. It says which input layers the network gets; without it there are none.
        Needed where dimensions change: ``flatten``, ``mean``, ``permute``. Default: none.

    Returns
    -------
    A dlnetwork. Its ``Layers`` are the layer array.

    Raises
    ------
    UnsupportedLayerError
        Parts that MATLAB's layers cannot express, all of them at once, each with the reason and,
        where there is one, the layer that comes near.
    UsageError
        The module does not run on the example input.

    Example
    -------
    >>> import torch
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softplus(), nn.AdaptiveAvgPool2d(1))
    >>> [type(layer).__name__ for layer in from_torch(module, torch.zeros(1, 3, 8, 8)).Layers[1:]]
    ['Convolution2DLayer', 'SoftplusLayer', 'GlobalAveragePooling2DLayer']

    Notes
    -----
    ``x.view(n, c, 1, 1)`` and ``squeeze`` change no layer: MATLAB's features and 1×1 images stand
    side by side. ``2*x + 1`` is one scaling layer. Features that leave the network, or are
    concatenated, are in torch's order (a function layer permutes the image); those that go into a
    fully connected layer in MATLAB's, and its weights with them. ``nn.Embedding`` counts from 0
    there as well: row 0 is the column of MATLAB's padding index.
    """
    from .walk import read

    return read(module, example_input)
