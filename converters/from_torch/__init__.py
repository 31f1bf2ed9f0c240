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
        An ``nn.Sequential``, or any module that ``torch.fx`` can trace, made of layers that MATLAB
        has, of additions and of concatenations; or the program that ``torch.export`` made of it
        (without recurrent layers), which knows its own inputs.
    example_input:
        A tensor (or a tuple of them) in torch's order: N,C,H,W, N,C,T (N,T,C where the module
        starts with an LSTM, a GRU or a Linear) or N,C. It says which input layers the network
        gets; without it there are none. Needed where an image is flattened.

    Returns
    -------
    A dlnetwork. Its ``Layers`` are the layer array.

    Raises
    ------
    UnsupportedLayerError
        Parts that MATLAB's layers cannot express, all of them at once, each with the reason.
    UsageError
        The module does not run on the example input.
    """
    from .walk import read

    return read(module, example_input)
