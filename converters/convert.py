"""From a MAT-file to a file for somewhere else, with the outputs compared before and after."""

from __future__ import annotations

import math
import secrets
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from matlab_compat.errors import (
    DataFormatError,
    FileAccessError,
    LimitExceededError,
    MatlabCompatError,
    NothingToCompareError,
    UnsupportedLayerError,
    UsageError,
    cause_text,
    locating,
)
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.wording import argument

from .examples import example_inputs, example_sizes
from .formats import Format, Options, format_for
from .load import load
from .matfile import DEFAULT_LIMITS, Limits
from .normalization import constants_of, constants_place, write_constants
from .running import running

if TYPE_CHECKING:
    import torch

    from matlab_compat.arrays import Array
    from matlab_compat.parity import Comparison
    from matlab_compat.parity.sensitivity import Sensitivity


@dataclass(frozen=True)
class Cost:
    """What a precision costs: the relative L2 distance of one output to the float64 oracle."""

    name: str
    dtype: str
    #: Of the outputs of what was written.
    written: float
    #: Of the same model in single.
    single: float

    @property
    def times_single(self) -> float:
        """``written`` in units of ``single``; NaN where single is exact."""
        return self.written / self.single if self.single else math.nan


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
    #: What the precision costs, for each output; empty if nothing was compared.
    costs: tuple[Cost, ...] = ()
    #: What else was written: the constants of the normalization, the weights of a function.
    beside: tuple[str, ...] = ()
    #: What there is to know of the file.
    remarks: tuple[str, ...] = ()

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
    target, final = format_for(path), Path(path)
    with locating(str(path)):
        if isinstance(model, Layer) and (refused := model.refusal()) is not None:
            raise refused
        if why := target.refusal(model, options):
            raise UnsupportedLayerError(
                f"{target.name}: {why}.", remedy=_placeholders(model, options)
            )
        constants = constants_of(model) if options.strip_normalization else {}
        for place in (final, *_beside(target, final, bool(constants))):
            _check_place(place, overwrite)
        # A folder, so that what is written has its own name from the start.
        workshop = final.with_name(f".{final.stem[:80]}.{secrets.token_hex(4)}.part")
        temporary = workshop / final.name
        try:
            workshop.mkdir()
            target.write(model, temporary, options)
            if constants:
                write_constants(constants, constants_place(temporary))
            done = _proved(target, model, temporary, options, check)
            if done.exit_code:
                final = final.with_name(f"{final.stem}.different{final.suffix}")
            beside = _beside(target, final, bool(constants))
            done = replace(done, path=str(final), beside=tuple(map(str, beside)))
            _give_names(_beside(target, temporary, bool(constants)), beside, (temporary, final))
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
    layer_class: str | None = None,
    ignore_fields: Sequence[str] = (),
    options: Options | None = None,
    check: bool = True,
    overwrite: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Converted:
    """:func:`save` for the layer or network in a file; see :func:`converters.load`."""
    model = load(
        path,
        variable,
        layer,
        layer_class=layer_class,
        ignore_fields=ignore_fields,
        limits=limits,
    )
    with running(path, limits):
        _check_sizes(model, options or Options())
        return save(model, output, options=options, check=check, overwrite=overwrite)


def _check_sizes(model: Layer | Network, options: Options) -> None:
    """Refuse a model that asks for too much: formats are written, too, by running it."""
    import torch

    from matlab_compat.execution.sizes import check_sizes

    from .formats.base import module_of

    try:
        sizes = example_sizes(model, steps=options.steps)
        inputs = [torch.empty(size, device="meta") for size in sizes]
        name = "" if isinstance(model, Network) else model.Name or model.constructor
        check_sizes(module_of(model, replace(options, stub=True)), inputs, name)
    except LimitExceededError:
        raise
    except MatlabCompatError:
        return  # what comes next meets it too, where it matters there


def _layers(model: Layer | Network) -> int:
    return len(model.Layers) if isinstance(model, Network) else 1


def _placeholders(model: Layer | Network, options: Options) -> str:
    """The way out for layers that cannot be built."""
    if not isinstance(model, Network) or not model.unsupported:
        return ""
    pass_it = "" if options.stub else f"pass {argument('stub', True)} and "
    return (
        f"{pass_it}convert to .pt, .safetensors or .mat, which hold placeholders for such layers; "
        "or register a class for each: @matlab_compat.register('...')."
    )


def _check_place(final: Path, overwrite: bool) -> None:
    if not final.exists():
        return
    if not overwrite:
        raise UsageError(
            "There is a file or folder of that name.",
            remedy=f"give another name, or pass {argument('overwrite', True)}.",
        )
    if final.is_dir() and any(final.iterdir()) and not (final / "model.py").exists():
        raise UsageError(
            "The folder holds something else than an earlier conversion.",
            remedy="give another name; a folder is replaced only if it holds a model.py.",
        )


def _beside(target: Format, final: Path, constants: bool) -> tuple[Path, ...]:
    """All files that are written beside ``final``."""
    return (*target.companions(final), *([constants_place(final)] if constants else []))


def _give_names(
    written_beside: Sequence[Path], beside: Sequence[Path], asked_for: tuple[Path, Path]
) -> None:
    """All that was written gets its name, or nothing does; the file asked for comes last."""
    undo = []
    try:
        names = zip(written_beside, beside, strict=True)
        for written, place in names:
            old = written.with_name(f"old.{written.name}")
            if place.exists():
                place.replace(old)
            undo.append((place, old))
            written.replace(place)
        _give_name(*asked_for)
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


def _proved(
    target: Format, model: Layer | Network, path: Path, options: Options, check: bool
) -> Converted:
    """The outputs of what was written against the model's own, or why they were not compared."""
    done = Converted(str(path), target.name, _layers(model), remarks=target.remarks(path))
    if not check:
        return replace(done, unchecked="not asked for")
    if isinstance(model, Network) and model.unsupported:
        return replace(done, unchecked="the model has stubs")
    if isinstance(model, Network) and not model.Initialized:  # what needs weights has refused
        return replace(done, unchecked="the network has not been trained")
    try:
        return _compared(done, target, model, path, options)
    except NothingToCompareError as error:
        return replace(done, unchecked=error.what)


def _compared(
    done: Converted, target: Format, model: Layer | Network, path: Path, options: Options
) -> Converted:
    from matlab_compat.engine.precision import torch_dtype
    from matlab_compat.parity.sensitivity import Sensitivity
    from matlab_compat.parity.verify import rounding_unit, smallest_number

    inputs = example_inputs(model, steps=options.steps)

    def run(dtype: str, inside: AbstractContextManager[object] | None = None) -> tuple[Array, ...]:
        return _run(model, replace(options, dtype=dtype), inputs, inside)

    ours, exact, single = (run(dtype) for dtype in (options.dtype, "double", "single"))
    theirs = target.run(path, tuple(x.to(torch_dtype(options.dtype)) for x in inputs), options)
    if len(theirs) != len(ours):
        raise UsageError(f"{target.name}: {len(theirs)} outputs were written, not {len(ours)}.")
    eps, smallest = rounding_unit(options.dtype), smallest_number(options.dtype)
    names = model.OutputNames if len(ours) > 1 else ["Y"]
    outputs = zip(names, theirs, exact, single, strict=True)
    costs = tuple(
        Cost(name, options.dtype, _apart(other, oracle), _apart(alone, oracle))
        for name, other, oracle, alone in outputs
    )
    found = _nearest(names, theirs, exact, ours, Sensitivity(run, eps, smallest))
    return replace(done, outputs=found, costs=costs)


def _nearest(
    names: Sequence[str],
    written: Sequence[Array],
    exact: Sequence[Array],
    own: Sequence[Array],
    sensitivity: Sensitivity,
) -> tuple[Comparison, ...]:
    """What was written against the model's own output, or the oracle where that is nearer.

    Half may overflow in torch where another runtime keeps its sums in single.
    """
    from matlab_compat.parity.sensitivity import Result, compare_all

    found: list[Comparison] = []
    for others in (own, exact):
        results = [Result(*each) for each in zip(names, written, exact, others, strict=True)]
        compared = compare_all(results, sensitivity)
        found = list(map(_nearer, found, compared)) if found else compared
        if all(one.verdict == "equal" for one in found):
            break
    return tuple(found)


def _nearer(one: Comparison, other: Comparison) -> Comparison:
    return min(one, other, key=lambda c: (c.verdict == "different", c.scaled_error))


def _run(
    model: Layer | Network,
    options: Options,
    inputs: tuple[torch.Tensor, ...],
    inside: AbstractContextManager[object] | None = None,
) -> tuple[Array, ...]:
    """The model's own outputs in one precision; its operations run ``inside`` a context."""
    from matlab_compat.engine.precision import torch_dtype

    from .formats.base import module_of, outputs_of

    given = tuple(x.to(torch_dtype(options.dtype)) for x in inputs)
    module = module_of(model, options)
    try:
        with inside or nullcontext():
            return outputs_of(module, given)
    except (RuntimeError, IndexError, DataFormatError) as error:
        if isinstance(model, Network):
            raise
        # A layer on its own may want inputs that no random ones are: indices, vectors.
        raise NothingToCompareError(
            f"the layer does not run on random inputs: {cause_text(error)}"
        ) from None


def _apart(actual: Array, oracle: Array) -> float:
    """The relative L2 distance."""
    size = float(np.linalg.norm(oracle))
    return float(np.linalg.norm(actual.astype(np.float64) - oracle)) / size if size else math.nan
