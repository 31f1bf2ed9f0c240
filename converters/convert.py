"""From a MAT-file to a file for somewhere else, with the outputs compared before and after."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from matlab_compat.display import listed, size_text
from matlab_compat.errors import (
    FunctionNeededError,
    LimitExceededError,
    MatlabCompatError,
    MatlabCompatWarning,
    NothingToCompareError,
    UnsupportedLayerError,
    UsageError,
    locating,
)
from matlab_compat.finite_json import finite_json
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.pages.markup import preformatted
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.wording import argument

from .atomic import check_place, new_files
from .code import coded_layers, using, using_that_of
from .endings import file_path
from .examples import example_sizes
from .formats import Format, Opening, Options, Prepared, ReadableFormat, format_for
from .formats.mat import unbuilt
from .formats.prepared import Model
from .load import load
from .matfile import DEFAULT_LIMITS
from .normalization import constants_of, constants_place, write_constants
from .parameter_files import load_parameters, save_parameters
from .running import running
from .said import conversion, conversion_notes
from .state_dicts import convert_state_dict, holds_state_dict
from .torch_models import is_torch_model, network_of

if TYPE_CHECKING:
    from matlab_compat.arrays import Array
    from matlab_compat.parity import Comparison


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cost:
    """What a precision costs: the relative L2 distance of one output to the float64 oracle."""

    name: str
    dtype: str
    #: The distance of the outputs of what was written.
    written: float
    #: The distance of the same model in single.
    single: float

    @property
    def times_single(self) -> float:
        """``written`` in units of ``single``; NaN where single is exact."""
        return self.written / self.single if self.single else math.nan


@dataclass(frozen=True, repr=False)
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

    def __str__(self) -> str:
        """What ``matlab-compat convert`` prints."""
        document = self.to_json()
        return "\n".join([conversion(document), *conversion_notes(document)])

    def __repr__(self) -> str:
        verdict = ("equal", "different")[self.exit_code] if self.outputs else "not compared"
        return f"<Converted: {self.path}, {verdict}>"

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def to_json(self) -> dict[str, Any]:
        """The document ``matlab_compat.convert/1``."""
        return {
            "schema": "matlab_compat.convert/1",
            "path": self.path,
            "target": self.target,
            "layers": self.layers,
            "exit_code": self.exit_code,
            "outputs": [compared.to_json() for compared in self.outputs],
            "unchecked": self.unchecked,
            "costs": [
                finite_json({**asdict(cost), "times_single": cost.times_single})
                for cost in self.costs
            ],
            "beside": list(self.beside),
            "remarks": list(self.remarks),
        }


def save(
    model: Model,
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
    model:
        A layer, a network, or another model that :func:`converters.load` gives.
    path:
        Where to, with one of the endings of the formats.
    options:
        What the formats can be told; see :class:`.formats.Options`.
    check:
        Compare the outputs (default).
    overwrite:
        Replace an existing file (or a folder that an earlier conversion wrote); by default not.

    Raises
    ------
    UsageError
        An ending that means nothing here, a model that the target cannot hold, or the file
        exists and ``overwrite`` is not set.
    UnsupportedLayerError
        Layers cannot be built: all of them are named (unless ``options.stub``).
    FileAccessError
        The place cannot be written.

    Examples
    --------
    >>> save(leakyReluLayer(0.1), "layer.pt").exit_code
    0
    """
    if not isinstance(model, Layer | Network | ShallowNetwork):
        raise UsageError(
            f"A layer or network is saved, not {type(model).__name__}.",
            remedy="a module of torch becomes one: converters.from_torch(module, example_input); "
            "arrays are written by converters.write_mat.",
        )
    place = file_path(path)
    with using_that_of(model):  # what was written is read back
        return _saved(Prepared(model, options, place.stem), place, check, overwrite)


def convert(
    path: str | PathLike[str],
    output: str | PathLike[str],
    variable: str | None = None,
    layer: str | int | None = None,
    *,
    options: Options | None = None,
    check: bool = True,
    overwrite: bool = False,
    input_size: Sequence[Sequence[int]] = (),
    trust: bool = False,
    **opening: Unpack[Opening],
) -> Converted:
    """:func:`save` for the layer or network in a file, or for a model of PyTorch.

    A struct of parameters without its function goes into the files of
    :mod:`converters.parameter_files`, a ``state_dict`` into those of :mod:`converters.state_dicts`.

    Parameters
    ----------
    path:
        As for :func:`converters.load`; or a ``.pt2`` file, or ``"package.module:function"``.
    variable, layer:
        As for :func:`converters.load`.
    opening:
        Its keywords ``layer_class``, ``ignore_fields``, ``code``, ``function``, ``arguments`` and
        ``limits``.
    input_size, trust:
        Of a model of PyTorch: as for :func:`converters.torch_models.network_of`.
    output:
        As ``path`` of :func:`save`.
    options, check, overwrite:
        As for :func:`save`.

    Raises
    ------
    MatlabCompatError
        Whatever :func:`converters.load` and :func:`save` raise.

    Examples
    --------
    >>> convert("fixtures/same_odd.v7.mat", "layer.pt").exit_code
    0
    """
    place, limits = file_path(output), opening.get("limits", DEFAULT_LIMITS)
    if place.suffix.lower() != ".npz":  # which holds parameters, and no model
        format_for(place)
    check_place(place, overwrite=overwrite, folder=True)
    if is_torch_model(path):
        network, remarks = network_of(path, input_size, trust=trust)
        done = _saved(Prepared(network, options), place, check, overwrite)
        return replace(done, remarks=(*remarks, *done.remarks))
    if input_size or trust:
        odd = argument("input_size") if input_size else argument("trust")
        raise UsageError(
            f"{odd} is for a model of PyTorch.", where=(str(path),), remedy="leave it out."
        )
    if holds_state_dict(file_path(path), place, limits):
        remarks = convert_state_dict(path, output, variable, overwrite=overwrite, limits=limits)
        return Converted(
            str(output), "state_dict", 0, unchecked="there are no layers in it", remarks=remarks
        )
    try:
        model = load(path, variable, layer, **opening)
    except FunctionNeededError:
        parameters = load_parameters(path, variable, limits=limits)
        remarks = save_parameters(parameters, output, overwrite=overwrite)
        return Converted(
            str(output),
            "parameters",
            0,
            unchecked="the function that computes with the parameters is not in the file",
            remarks=remarks,
        )
    code = using(opening.get("code", ()), limits.code)  # what was written is read back
    with running(path, limits), code:
        prepared = Prepared(model, options, Path(path).stem)
        _keep(Path(path), place)
        _check_sizes(prepared)
        return _saved(prepared, place, check, overwrite)


def _keep(source: Path, place: Path) -> None:
    """Refuse to write something beside ``place`` that would replace the source of it all."""
    beside = format_for(place).companions(place)
    if source.resolve() in {one.resolve() for one in beside}:
        raise UsageError(
            f"{source} would be replaced: {place.name} needs a file of that name beside it.",
            where=(str(place),),
            remedy=f"give it another name: {place.with_stem(f'{place.stem}_net')}.",
        )


def _check_sizes(prepared: Prepared) -> None:
    """Refuse a model that asks for too much: formats are written, too, by running it."""
    import torch

    from matlab_compat.engine.precision import torch_dtype
    from matlab_compat.execution.sizes import check_sizes

    model, options = prepared.model, prepared.options
    try:
        sizes, dtype = example_sizes(model, steps=options.steps), torch_dtype(options.dtype)
        inputs = [torch.empty(size, dtype=dtype, device="meta") for size in sizes]
        name = model.Name or model.constructor if isinstance(model, Layer) else ""
        check_sizes(prepared.module(), inputs, name)
    except LimitExceededError:
        raise
    except MatlabCompatError:
        return  # what comes next meets it too, where it matters there


def _saved(prepared: Prepared, path: Path, check: bool, overwrite: bool) -> Converted:
    target, model = format_for(path), prepared.given
    log.info("%s: written as %s", path, target.name)
    with locating(str(path)):
        if isinstance(model, Layer) and (refused := model.refusal()) is not None:
            raise refused
        unbuildable = "" if target.holds_placeholders else unbuilt(prepared.model)
        if why := _needs_code(target, prepared) or unbuildable or target.refusal(prepared):
            raise UnsupportedLayerError(f"{target.name}: {why}.", remedy=_placeholders(prepared))
        constants = constants_of(model) if prepared.options.strip_normalization else {}

        def places(path: Path) -> tuple[Path, ...]:
            beside = [constants_place(path)] if constants else []
            return (path, *target.companions(path), *beside)

        with new_files(*places(path), overwrite=overwrite) as new:
            temporary = new.temporary[0]
            target.write(prepared, temporary)
            if constants:
                write_constants(constants, new.temporary[-1])
            done = _proved(target, prepared, temporary, check)
            if done.exit_code:
                path = path.with_name(f"{path.stem}.different{path.suffix}")
                new.places = places(path)
        first, *beside = places(path)
        return replace(done, path=str(first), beside=tuple(map(str, beside)))


def _layers(model: Model) -> list[Layer]:
    """Those of the Deep Learning Toolbox."""
    if isinstance(model, ShallowNetwork):
        return []
    return model.Layers if isinstance(model, Network) else [model]


def _left_to_do(model: Model) -> list[str]:
    """What the network does not do itself, such as the boxes of a detector."""
    found = dict.fromkeys(one.left_to_do for one in _layers(model) if one.left_to_do)
    return [f"the file ends with the network's map: {text}" for text in found]


def _needs_code(target: Format, prepared: Prepared) -> str:
    """Why a file of MATLAB's layers and their properties cannot hold what code computes."""
    from matlab_compat.code.models import FunctionModel

    model = prepared.model
    if not isinstance(target, ReadableFormat):
        return ""
    if isinstance(model, FunctionModel):
        function = argument("function")
        return (
            f"it holds layers by their properties, and this is a function; without {function} the "
            "parameters alone are written; .pt2, .onnx and a folder of source hold what it computes"
        )
    coded = coded_layers(model)
    if coded and not target.holds_placeholders:
        return f"it calls the constructors of layers, and what yours do is not known: {coded[0]}"
    return ""


def _placeholders(prepared: Prepared) -> str:
    """The way out for layers that cannot be built."""
    model = prepared.given
    if not isinstance(model, Network) or not model.unsupported:
        return ""
    pass_it = "" if prepared.options.stub else f"pass {argument('stub', True)} and "
    return (
        f"{pass_it}convert to .pt, .safetensors or .mat, which hold placeholders for such layers; "
        f"or pass {argument('code', ['DIR'])} with the folder of their MATLAB code; or register a "
        "class for each: @matlab_compat.register('...')."
    )


def _proved(target: Format, prepared: Prepared, path: Path, check: bool) -> Converted:
    """The outputs of what was written against the model's own, or why they were not compared."""
    model = prepared.model
    remarks = (*target.remarks(path), *_left_to_do(model))
    count = len(model.layers if isinstance(model, ShallowNetwork) else _layers(model))
    done = Converted(str(path), target.name, count, remarks=remarks)
    if not check:
        return replace(done, unchecked="not asked for")
    if isinstance(model, Network) and model.unsupported:
        return replace(done, unchecked="the model has stubs")
    if isinstance(model, Network) and not model.Initialized:  # what needs weights has refused
        return replace(done, unchecked="the network has not been trained")
    try:
        return _compared(done, target, prepared, path)
    except NothingToCompareError as error:
        return replace(done, unchecked=_no_numbers(model) or error.what)


def _no_numbers(model: Model) -> str:
    """Why no output is a number, where that is because of the weights; '' else."""
    spoilt = [
        f"'{one.Name}'"
        for one in _layers(model)
        if not all(np.isfinite(value).all() for value in one.parameter_values())
    ]
    if not spoilt:
        return ""
    return (
        f"the weights of {listed(spoilt)} hold NaN or Inf (a training that diverged leaves them), "
        "so that no output is a number"
    )


def _compared(done: Converted, target: Format, prepared: Prepared, path: Path) -> Converted:
    from matlab_compat.parity.rule import ModelRule, Rounding
    from matlab_compat.parity.runner import Inputs, Precision, SavedRunner
    from matlab_compat.parity.verify import verify

    from .formats.runner import PreparedRunner

    given, names, dtype = prepared.inputs(), prepared.output_names, prepared.options.dtype
    sizes = ", ".join(size_text(tuple(x.shape)) for x in given)
    log.info("compared on random inputs of torch size %s, seed 0", sizes)
    # First: it says so where made-up inputs do not suit the layer.
    _, exact, single = (prepared.outputs(name) for name in (dtype, "double", "single"))
    with warnings.catch_warnings(action="ignore", category=MatlabCompatWarning):  # the model's too
        theirs = target.run(path, given, prepared.options)
    if len(theirs) != len(names):
        raise UsageError(f"{target.name}: {len(theirs)} outputs were written, not {len(names)}.")
    written = SavedRunner(dict(zip(names, theirs, strict=True)), label=target.name)
    oracle = PreparedRunner(prepared, Precision(dtype="double"))
    found: tuple[Comparison, ...] = ()
    for reference in (PreparedRunner(prepared, Precision(dtype=dtype)), oracle):
        # Half may overflow in torch where another runtime keeps its sums in single.
        rule = ModelRule(oracle, Rounding.of(dtype))
        compared = verify(written, reference, Inputs(given), rule, explain=False).outputs
        both = zip(found or compared, compared, strict=True)
        found = tuple(min(pair, key=_how_far) for pair in both)
        if all(one.verdict == "equal" for one in found):
            break
    costs = tuple(
        Cost(name, dtype, _apart(other, double), _apart(alone, double))
        for name, other, double, alone in zip(names, theirs, exact, single, strict=True)
    )
    return replace(done, outputs=found, costs=costs)


def _how_far(one: Comparison) -> tuple[bool, float]:
    return one.verdict == "different", one.scaled_error


def _apart(actual: Array, oracle: Array) -> float:
    """The relative L2 distance."""
    size = float(np.linalg.norm(oracle))
    return float(np.linalg.norm(actual.astype(np.float64) - oracle)) / size if size else math.nan
