"""Other numbers in the parameters of a layer, which its own output shows.

Many layers are linear in their parameters. Where there are more numbers in the output than in the
parameters, those that the other side used can be solved for, and compared with the saved ones:
whatever was done to them. A solution is believed only if it gives the output to the last rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Array
from ...layers.base import Layer
from ...layers.learnables import Parameter
from ...network.graph import Step
from .linear import is_affine, least_squares
from .mistakes import Variation
from .values import in_steps, step_of

if TYPE_CHECKING:
    from torch import Tensor

    from .patience import Patience
    from .run import Run

#: Numbers of the output for each that is solved for, with some more, and the most of those.
_EACH, _MORE, _MOST = 1.05, 3, 20_000
#: Fewer numbers may lie in equal steps by chance.
_FEWEST = 8
#: What differs by more than this (root mean square) is no change of these parameters.
_ALIKE = 0.5
#: What no number differs by more of itself than was rounded: a training moves small ones further.
_FEW_DIGITS = 0.05
#: Relative to the largest: what is closer was not changed, and what is smaller is zero.
_SAME = 1e-4


def solved(run: Run, step: Step, wanted: Tensor, patience: Patience) -> Iterator[Variation]:
    """The layer with the parameters that give what is wanted of it; nothing where it has none.

    ``wanted`` is in torch's order.
    """
    import torch
    from torch.func import functional_call

    names = _in_torch(step.layer)
    if not names:
        return
    with torch.inference_mode(False):
        module = run.in_double([step])[step.name]
        have = dict(module.named_parameters()) | dict(module.named_buffers())
        if not set(names) <= set(have):
            return
        inputs = [run.values[source].clone().double() for source in step.sources]
        sizes = [have[name].numel() for name in names]
        count = sum(sizes)
        if not 0 < count <= _MOST or wanted.numel() < _EACH * count + _MORE:
            return
        start = torch.cat([have[name].detach().ravel() for name in names])

        def output(change: Tensor) -> Tensor:
            parts = zip(names, torch.split(start + change, sizes), strict=True)
            given = {name: part.reshape(have[name].shape) for name, part in parts}
            result: Tensor = functional_call(module, given, tuple(inputs))
            return result

        if not is_affine(output, start):
            return
        # The least change: what the data do not show stays as it is.
        found = start + least_squares(output, wanted.double(), start, patience).detach()
        if patience.is_over() or not torch.isfinite(found).all():
            return
        parts = zip(names, torch.split(found.cpu(), sizes), strict=True)
        state = {name: part.reshape(have[name].shape).numpy() for name, part in parts}
    layer = step.layer
    other = layer.renamed(layer.Name).assign_state({**layer.torch_state(), **state})
    arrays = {n: other.values[n].astype(layer.values[n].dtype) for n in names.values()}
    if variation := _other_numbers(layer, arrays):
        yield variation


def _in_torch(layer: Layer) -> dict[str, str]:
    """The names of the parameters in torch, with those in MATLAB."""
    return {
        declared.layout.torch_name: name
        for name, declared in layer.properties.items()
        if isinstance(declared, Parameter)
        and declared.layout is not None
        and layer.values[name].size
        and not declared.layout.torch_name.startswith("running")
    }


def _other_numbers(layer: Layer, arrays: Mapping[str, Array]) -> Variation | None:
    changed, said = {}, []
    every = max(float(np.abs(layer.values[name]).max()) for name in arrays)
    for name, value in arrays.items():
        old = layer.values[name]
        largest = float(np.abs(old).max()) or every  # a bias of zeros
        differs = np.abs(value - old) > _SAME * largest
        if differs.any():
            what = _what(old, value, differs, largest)
            if not what:
                return None
            changed[name] = value
            said.append(f"{name} {what}")
    text = " and ".join(said)
    if not text:
        return None
    return Variation(
        "other values of the parameters",
        f"with other numbers: {text}",
        f"copy {', '.join(changed)} from this file, all of it, and change nothing in it.",
        layer,
        changed,
        3,
        diff=text,
    )


def _what(old: Array, new: Array, differs: Array, largest: float) -> str:
    """What was done to them; "" if they have nothing in common."""
    count = int(differs.sum())
    some = f"of which {count} of {old.size} are others"
    if (np.abs(new[differs]) <= _SAME * largest).all():
        kept = np.abs(old[~differs])
        small = float(np.abs(old[differs]).max())
        if kept.size and small <= kept.min() + _SAME * largest:
            return f"{some}: those smaller than {small:.4g} are zero (pruned)"
        return f"{some}: those are zero"
    if np.allclose(np.sort(old, None), np.sort(new, None), 0, _SAME * largest):
        return f"{some}: the same numbers in another order"
    step, _ = step_of(new, _SAME * largest)
    if new.size >= _FEWEST and np.abs(new - old).max() <= 0.51 * step:
        return f"rounded to steps of {in_steps(step)}"
    off, size = np.abs(new - old)[differs], np.abs(old)[differs]
    share = np.linalg.norm(off) / np.linalg.norm(old)
    if share > _ALIKE:
        return ""
    if off.size >= _FEWEST and (off <= _FEW_DIGITS * size).all():
        most = 100 * float((off / size).max())
        return f"{some}, each by at most {most:.2g} % of itself: as if rounded to fewer digits"
    return f"{some}, by {100 * share:.3g} % (root mean square; another training, or a later change)"
