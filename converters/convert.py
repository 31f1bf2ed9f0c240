"""From a MAT-file to a file for somewhere else, with the outputs compared before and after."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from matlab_compat.errors import (
    FileAccessError,
    NothingToCompareError,
    UnsupportedLayerError,
    UsageError,
    locating,
)
from matlab_compat.layers import Layer
from matlab_compat.network import Network

from .load import load
from .matfile import DEFAULT_LIMITS, Limits
from .targets import Options, Target, target_for

if TYPE_CHECKING:
    import torch

    from matlab_compat.parity import Comparison


@dataclass(frozen=True)
class Converted:
    """What a conversion wrote, and what running it showed."""

    #: The file or folder; under a temporary name if its outputs differ.
    path: str
    target: str
    layers: int
    #: One for each output; empty if nothing was compared.
    outputs: tuple[Comparison, ...] = ()
    #: Why nothing was compared.
    unchecked: str = ""

    @property
    def exit_code(self) -> int:
        """0, or 1 if an output differs."""
        return int(any(output.verdict == "different" for output in self.outputs))


def save(
    model: Layer | Network,
    path: str | PathLike[str],
    *,
    options: Options | None = None,
    check: bool = True,
    overwrite: bool = False,
) -> Converted:
    """Write a layer or network in the format that the ending of ``path`` names, and prove it.

    What was written is read afresh, run on a seeded input, and compared with the model. It gets
    its name only if the outputs are equal within the bound.

    Parameters
    ----------
    check:
        Compare the outputs.
    overwrite:
        Replace an existing file (or a folder that an earlier conversion wrote).

    Raises
    ------
    UsageError
        An ending that means nothing here, a model that the target cannot hold, or the file
        exists and ``overwrite`` is not set.
    UnsupportedLayerError
        Layers cannot be built: all of them are named (unless ``options.stub``).
    FileAccessError
        The place cannot be written.
    """
    options = options or Options()
    target, final = target_for(path), Path(path)
    with locating(str(path)):
        if why := target.refusal(model, options):
            raise UnsupportedLayerError(f"{target.name}: {why}.")
        for place in (final, *target.companions(final)):
            _check_place(place, overwrite)
        # A folder, so that what is written has its own name from the start.
        workshop = final.with_name(f".{final.stem[:80]}.{secrets.token_hex(4)}.part")
        temporary = workshop / final.name
        try:
            workshop.mkdir()
            target.write(model, temporary, options)
            compared, why = _compared(target, model, temporary, options, check)
            done = Converted(str(final), target.name, _layers(model), compared, why)
            if done.exit_code:
                final = final.with_name(f"{final.stem}.different{final.suffix}")
                done = Converted(str(final), target.name, _layers(model), compared)
            _give_names(target, temporary, final)
        except OSError as error:
            if isinstance(error, FileAccessError):
                raise
            raise FileAccessError(
                f"It cannot be written: {error.strerror or error}.",
                remedy="check that the folder exists, may be written and has room.",
            ) from error
        finally:
            _remove(workshop)
        return done


def convert(
    path: str | PathLike[str],
    output: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    options: Options | None = None,
    check: bool = True,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Converted:
    """:func:`save` for the layer or network in a file; see :func:`converters.load`."""
    model = load(path, variable, layer, limits=limits)
    with locating(str(path)):
        return save(model, output, options=options, check=check, overwrite=overwrite)


def _layers(model: Layer | Network) -> int:
    return len(model.Layers) if isinstance(model, Network) else 1


def _check_place(final: Path, overwrite: bool) -> None:
    if not final.exists():
        return
    if not overwrite:
        raise UsageError(
            "There is a file or folder of that name.",
            remedy="give another name, or pass overwrite=True (on the command line --force).",
        )
    if final.is_dir() and any(final.iterdir()) and not (final / "model.py").exists():
        raise UsageError(
            "The folder holds something else than an earlier conversion.",
            remedy="give another name; a folder is replaced only if it holds a model.py.",
        )


def _give_names(target: Target, temporary: Path, final: Path) -> None:
    """All that was written gets its name, or nothing does; the file asked for comes last."""
    undo = []
    try:
        names = zip(target.companions(temporary), target.companions(final), strict=True)
        for written, place in names:
            old = written.with_name(f"old.{written.name}")
            if place.exists():
                place.replace(old)
            undo.append((place, old))
            written.replace(place)
        _give_name(temporary, final)
    except BaseException:
        for place, old in undo:
            place.unlink(missing_ok=True)
            if old.exists():
                old.replace(place)
        raise


def _give_name(temporary: Path, final: Path) -> None:
    if final.is_dir() and temporary.is_dir():
        old = final.with_name(f".{final.name}.{secrets.token_hex(4)}.old")
        final.replace(old)
        temporary.replace(final)
        shutil.rmtree(old)
    else:
        temporary.replace(final)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _compared(
    target: Target, model: Layer | Network, path: Path, options: Options, check: bool
) -> tuple[tuple[Comparison, ...], str]:
    """The outputs of what was written against the model's own, or why they were not compared."""
    if not check:
        return (), "not asked for"
    if isinstance(model, Network) and model.unsupported:
        return (), "the model has stubs"
    from matlab_compat.engine.precision import torch_dtype
    from matlab_compat.parity.network import three_way
    from matlab_compat.parity.verify import rounding_unit

    from .targets.base import module_of, outputs_of

    inputs = example_inputs(model)
    exact = outputs_of(
        module_of(model, Options("double", strip_normalization=options.strip_normalization)),
        tuple(x.double() for x in inputs),
    )
    given = tuple(x.to(torch_dtype(options.dtype)) for x in inputs)
    ours = outputs_of(module_of(model, options), given)
    theirs = target.run(path, given, options)
    if len(theirs) != len(ours):
        raise UsageError(f"{target.name}: {len(theirs)} outputs were written, not {len(ours)}.")
    eps = rounding_unit(options.dtype)
    names = model.OutputNames if len(ours) > 1 else ["Y"]
    try:
        compared = tuple(
            three_way(name, other, oracle, own, eps)
            for name, other, oracle, own in zip(names, theirs, exact, ours, strict=True)
        )
    except NothingToCompareError as error:
        return (), error.what
    return compared, ""


def example_inputs(
    model: Layer | Network, seed: int = 0, batch: int = 2, steps: int = 8
) -> tuple[torch.Tensor, ...]:
    """Seeded random inputs of a model's own size, in torch's order."""
    import torch

    from matlab_compat.data_format import torch_axes
    from matlab_compat.engine.propagate import input_sizes

    source = torch.Generator().manual_seed(seed)
    if isinstance(model, Network):
        sizes = list(input_sizes(model.plan(), batch=batch, steps=steps).values())
    else:
        size = {"B": batch, "C": model.input_channels() or steps}
        sizes = [
            tuple(size.get(label[axis], steps) for axis in torch_axes(label))
            for label in model.default_formats
        ]
    return tuple(torch.randn(size, generator=source) for size in sizes)
