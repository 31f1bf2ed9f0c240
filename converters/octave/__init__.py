"""The user's code run by GNU Octave: another reading of it, where MATLAB saved no outputs.

This is the one place where a user's MATLAB code is executed, and it happens on request alone:
Octave runs it with the rights of whoever asks. It is given the functions that ``predict`` reaches
and the layer's values, in a folder that is removed afterwards, and so much time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import cell_array
from matlab_compat.display import size_text
from matlab_compat.errors import MatlabCompatError, NothingToCompareError, UsageError
from matlab_compat.wording import argument

if TYPE_CHECKING:
    from matlab_compat.code.definitions import FunctionDefinition
    from matlab_compat.code.program import Program
    from matlab_compat.code.running import CodedLayer
    from matlab_compat.code.values import Value
    from matlab_compat.execution.described import ModelLike
    from matlab_compat.language.syntax import File

#: Seconds that Octave may take for all layers together.
SECONDS = 60.0
#: The largest difference that counts as agreement, as a part of the largest output.
_TOLERANCE = 1e-10
#: The class of texts in double quotes that something is added to, and where code has them.
_STRINGS = "@string_text"
_ADDED = re.compile(r'(?<=\+ )"[^"\n]*"|(?<=\+)"[^"\n]*"|"[^"\n]*"(?=\s*\+)')
_RANDOM = frozenset({"rand", "randn", "randi", "randperm"})

_RUN = """
warning('off', 'all');
addpath('{stand_ins}', '-begin');
global given_labels
cases = dir('case_*');
for number = 1:numel(cases)
  folder = fullfile(pwd, cases(number).name);
  given = load(fullfile(folder, 'given.mat'));
  given_labels = given.labels;
  addpath(fullfile(folder, 'code'), '-begin');
  message = '';
  results = {{}};
  try
    inputs = given.inputs;
    if given.has_layer
      layer = given.layer;
      for name = reshape(given.methods, 1, [])
        layer.(name{{1}}) = @(varargin) feval(name{{1}}, layer, varargin{{:}});
      end
      inputs = [{{layer}}, inputs(:)'];
    end
    results = cell(1, given.outputs);
    [results{{:}}] = feval(given.name, inputs{{:}});
  catch problem
    message = problem.message;
  end
  clear functions
  save('-v7', fullfile(folder, 'answer.mat'), 'results', 'message');
  rmpath(fullfile(folder, 'code'));
end
"""


@dataclass(frozen=True)
class Agreement:
    """What Octave says of one layer."""

    #: The layer.
    name: str
    #: File and line of its code.
    where: str
    #: Whether there was anything to compare.
    compared: bool = False
    #: Whether the outputs are the same to 1e-10 of the largest.
    agrees: bool = False
    #: The largest difference of any element.
    difference: float = float("nan")
    #: Why nothing was compared, or what differs.
    reason: str = ""

    @property
    def text(self) -> str:
        """One line about it."""
        if not self.compared:
            return f"{self.name}: not compared: {self.reason} ({self.where})"
        verdict = "agrees" if self.agrees else f"differs: {self.reason}"
        return f"{self.name}: {verdict}, largest difference {self.difference:.3g} ({self.where})"


def octave_program() -> str:
    """Where GNU Octave is.

    Raises ``UsageError``: it is not installed.
    """
    found = shutil.which("octave-cli") or shutil.which("octave")
    if found is None:
        raise UsageError(
            "GNU Octave is not installed: no octave-cli or octave is on the PATH.",
            remedy="install it (apt-get install octave, or octave.org), or save outputs in MATLAB.",
        )
    return found


def check_with_octave(model: ModelLike, *, seconds: float = SECONDS) -> list[Agreement]:
    """Run the code of each custom layer in GNU Octave too, on random arrays, and compare.

    Both compute in double, on small arrays of normal numbers, in MATLAB's order of dimensions.

    Raises ``UsageError``: octave is not installed; ``NothingToCompareError``: the model has no
    code; ``UnsupportedLayerError``: a layer of the network is not known, or its code cannot be
    read.

    Parameters
    ----------
    model:
        A network, layer or model function whose code was read.
    seconds:
        The time for all of them.

    Examples
    --------
    >>> net = converters.load("network.mat", code=["layers"])        # doctest: +SKIP
    >>> [one.agrees for one in check_with_octave(net)]               # doctest: +SKIP
    [True, True, True]
    """
    cases = list(_cases(model))
    if not cases:
        raise NothingToCompareError(
            "There is no custom layer whose code was read.",
            remedy=f"name its folder: {argument('code', ['DIR'])}.",
        )
    program = octave_program()
    ready = [one for one in cases if isinstance(one, Case)]
    answers = iter(outputs_in_octave(program, ready, seconds))
    return [compared(one, *next(answers)) if isinstance(one, Case) else one for one in cases]


@dataclass(frozen=True)
class Case:
    """One function with its arguments."""

    #: What it is called in the answer.
    name: str
    #: The code.
    program: Program
    function: FunctionDefinition
    #: The properties of the layer whose method it is; None for a function.
    layer: Mapping[str, Any] | None
    #: All arguments, as this project takes them.
    values: Sequence[Any]
    #: Those but the layer, as plain arrays, texts, dicts and cells.
    inputs: Sequence[Any]
    #: The labels of the first input.
    labels: str
    #: How many are asked for.
    outputs: int = 1

    def results(self) -> list[Any]:
        """What this project makes of it, as plain arrays."""
        found = self.program.call(self.function, self.values, self.outputs)
        return [_plain(one) for one in found]


def _cases(model: Any) -> Iterator[Case | Agreement]:
    from matlab_compat.code.models import FunctionModel
    from matlab_compat.code.running import CodedLayer
    from matlab_compat.network import Network

    if isinstance(model, Network):
        for layer in model.Layers:
            if (refused := layer.refusal()) is not None:
                raise refused
        for step in model.plan().steps:
            if isinstance(step.layer, CodedLayer):
                yield _tried(step.layer, step.formats)
    elif isinstance(model, CodedLayer):
        yield _tried(model, None)
    elif isinstance(model, FunctionModel):
        yield _of_function(model)


def _tried(layer: CodedLayer, formats: Sequence[str] | None) -> Case | Agreement:
    method = layer.method()
    try:
        found = formats or layer.about_code().get("labels")
        if not found:
            return Agreement(layer.Name, method.where, reason="which data it takes is not known")
        given = (found,) * layer.NumInputs if isinstance(found, str) else tuple(found)
        return _case_of(layer, method, given)
    except MatlabCompatError as error:
        return Agreement(layer.Name, method.where, reason=error.what)


def _case_of(
    layer: CodedLayer, method: FunctionDefinition, formats: Sequence[str]
) -> Case | Agreement:
    from matlab_compat.code.numeric import numeric
    from matlab_compat.code.running import tried
    from matlab_compat.code.values import Object

    if random := _draws(layer.program, method):
        return Agreement(layer.Name, method.where, reason=random)
    inputs = _normal(tried(layer, formats).sizes)
    held = {
        name: numeric(_tensor(layer.values[name]), "", True)
        for name in (*layer.held(), *layer.buffers())
    }
    leading = layer.leading()(held)
    labels = formats if layer.is_formattable else [""] * len(inputs)
    values = [
        *leading,
        *(numeric(_tensor(x), one, True) for x, one in zip(inputs, labels, strict=True)),
    ]
    own = leading[0].properties if leading and isinstance(leading[0], Object) else None
    given = [*(map(_plain, leading) if own is None else ()), *inputs]
    count = layer.NumOutputs
    return Case(layer.Name, layer.program, method, own, values, given, formats[0], count)


def _of_function(model: Any) -> Case | Agreement:
    from matlab_compat.code.numeric import numeric
    from matlab_compat.code.trial import trial_size
    from matlab_compat.code.values import value_of

    function = model.function
    if random := _draws(model.program, function):
        return Agreement(function.name, function.where, reason=random)
    channels = iter(model.found[1])
    values: list[Value] = []
    inputs, labels = [], ""
    for one in model.given:
        if one.labels:
            count = next(channels) or 1
            (data,) = _normal([trial_size(one.labels, count, (8, 6))])
            labels = labels or one.labels
            values.append(numeric(_tensor(data), "" if one.is_plain else one.labels, True))
            inputs.append(data)
        else:
            values.append(value_of(one.value))
            inputs.append(_plain(value_of(one.value)))
    count = len(model.OutputNames)
    return Case(function.name, model.program, function, None, values, inputs, labels, count)


def _draws(program: Program, function: FunctionDefinition) -> str:
    """Why a function that draws random numbers is not compared; '' for others."""
    drawn = sorted(_RANDOM & set(program.used(function)[0]))
    return f"{drawn[0]} draws other numbers" if drawn else ""


def _normal(sizes: Sequence[Sequence[int]]) -> list[Any]:
    chance = np.random.default_rng(0)
    return [chance.standard_normal(tuple(size)) for size in sizes]


def _tensor(array: Any) -> Any:
    import torch

    wide = np.complex128 if np.iscomplexobj(array) else np.float64
    return torch.from_numpy(np.ascontiguousarray(np.asarray(array, wide)))


def _plain(value: Any) -> Any:
    """A value as SciPy writes it: plain arrays in double, texts, structs and cells."""
    from matlab_compat.code.numeric import Numeric
    from matlab_compat.code.values import Cell, Chars, Struct, Structs

    if isinstance(value, Numeric):
        data = value.data if isinstance(value.data, np.ndarray) else value.data.detach().numpy()
        return data.astype(np.float64) if data.dtype == np.float32 else data
    if isinstance(value, Chars):
        return value.value
    if isinstance(value, Struct):
        return {name: _plain(one) for name, one in value.fields.items()}
    if isinstance(value, Cell):
        return cell_array(map(_plain, value.items), value.shape)
    if isinstance(value, Structs):
        kinds = [(name, object) for name in value.names]
        array = np.empty(len(value.items), kinds)
        for at, one in enumerate(value.items):
            array[at] = tuple(_plain(one.fields[name]) for name in value.names)
        return array.reshape(value.shape, order="F")
    raise UsageError("A value that cannot be given to Octave.")


# --- Octave -----------------------------------------------------------------------------


def outputs_in_octave(
    program: str, cases: Sequence[Case], seconds: float
) -> Iterator[tuple[list[Any], str]]:
    """The outputs of each case in Octave, or none and the reason."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stand_ins = folder / "stand_ins"
        _write_stand_ins(stand_ins)
        refused: dict[int, str] = {}
        for number, case in enumerate(cases):
            try:
                _write(case, folder / f"case_{number:04}")
            except MatlabCompatError as error:
                refused[number] = error.what
        (folder / "run.m").write_text(_RUN.format(stand_ins=stand_ins), encoding="utf-8")
        trouble = _execute(program, folder, seconds)
        for number in range(len(cases)):
            why = refused.get(number, trouble)
            yield _outputs(folder / f"case_{number:04}" / "answer.mat", why)


def _write_stand_ins(folder: Path) -> None:
    """Each as a file; those that are none of MATLAB's where no code of the user's sees them."""
    from matlab_compat.code.functions import TABLE

    shutil.copytree(Path(__file__).parent / _STRINGS, folder / _STRINGS)
    (folder / "private").mkdir()
    for file in Path(__file__).parent.glob("*.m"):
        for function in re.split(r"(?m)^(?=function )", file.read_text(encoding="utf-8"))[1:]:
            found = re.match(r"function (?:.*?= *)?(\w+)", function)
            assert found is not None
            place = folder if found[1] in TABLE else folder / "private"
            (place / f"{found[1]}.m").write_text(function, encoding="utf-8")


def _outputs(path: Path, trouble: str) -> tuple[list[Any], str]:
    from scipy.io import loadmat

    if not path.exists():
        return [], trouble or "Octave gave no answer"
    found = loadmat(path)
    message = "".join(found["message"].ravel()).strip()
    if message:
        return [], f"Octave cannot run it: {message.splitlines()[0].strip()}"
    values = list(found["results"].ravel(order="F"))
    if any(np.asarray(one).dtype.kind not in "fciub" for one in values):
        return [], "its outputs are no arrays"
    return values, ""


def _write(case: Case, folder: Path) -> None:
    from scipy.io import savemat

    from matlab_compat.code.values import value_of

    inputs = cell_array(_plain(value_of(one)) for one in case.inputs)
    methods = _methods(case.function) if case.layer is not None else []
    given = {
        "name": case.function.name,
        "labels": case.labels,
        "outputs": float(case.outputs),
        "inputs": inputs,
        "has_layer": case.layer is not None,
        "layer": {name: _plain(value_of(one)) for name, one in (case.layer or {}).items()},
        "methods": np.array([methods], object).reshape(1, -1),
    }
    code = folder / "code"  # made once all values are known to be such as can be given
    code.mkdir(parents=True)
    own = case.function.file
    others = [path for path in case.program.used(case.function)[1] if path != own.path]
    for file in (*map(case.program.read, others), own):
        for place, text in _functions(file):
            (code / place).parent.mkdir(exist_ok=True)
            (code / place).write_text(text, encoding="utf-8")
    savemat(folder / "given.mat", given, long_field_names=True)


def _functions(file: File) -> Iterator[tuple[str, str]]:
    """Each function of a file as a file of its own, with its package; constructors have none."""
    lines = file.text.split("\n")
    folders = [part for part in Path(file.path).parts[:-1] if part.startswith("+")]
    said = [*file.functions]
    if file.defined is not None:
        said += [one for one in file.defined.methods if one.name != file.defined.name]
    for one in said:
        if one.name.isidentifier():
            text = "\n".join(lines[one.line - 1 : one.last]) + "\n"
            yield "/".join([*folders, f"{one.name}.m"]), _ADDED.sub(r"string_text(\g<0>)", text)


def _methods(function: FunctionDefinition) -> list[str]:
    owner = function.owner
    if owner is None:
        return []
    return [
        one.name
        for one in owner.said.methods
        if one.name.isidentifier() and one.name != owner.said.name and not one.is_static
    ]


def _execute(program: str, folder: Path, seconds: float) -> str:
    """Run it; what went wrong, or ''."""
    command = [program, "--norc", "--no-history", "--no-gui", "--quiet", "run.m"]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    own = {"HOME": str(folder), "TMPDIR": str(folder), "TEMP": str(folder), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"Octave took longer than {seconds:g} s"
    except OSError as error:
        return f"Octave does not start: {error.strerror}"
    last = done.stderr.decode(errors="replace").strip().splitlines()
    return f"Octave ended early: {last[-1]}" if done.returncode and last else ""


def compared(case: Case, theirs: Sequence[Any], reason: str = "") -> Agreement:
    """What Octave's outputs say of a case."""
    where = case.function.where
    if reason:
        return Agreement(case.name, where, reason=reason)
    worst = 0.0
    for one, other in zip(case.results(), theirs, strict=True):
        if not isinstance(one, np.ndarray):
            return Agreement(case.name, where, reason="its outputs are no arrays")
        sizes = [np.trim_zeros(np.subtract(x.shape, 1), "b").tolist() for x in (one, other)]
        if sizes[0] != sizes[1]:
            shown = f"{size_text(one.shape)} here, {size_text(other.shape)} in Octave"
            return Agreement(case.name, where, True, False, reason=shown)
        a, b = one.reshape(-1, order="F"), np.asarray(other).reshape(-1, order="F")
        same = (a == b) | ((a != a) & (b != b))
        apart = np.where(same, 0.0, np.abs(a - b))
        worst = max(worst, float(apart.max(initial=0.0)))
        if not (apart <= _TOLERANCE * max(1.0, float(np.abs(b[b == b]).max(initial=0.0)))).all():
            reason = "the values are others"
    return Agreement(case.name, where, True, not reason, worst, reason)
