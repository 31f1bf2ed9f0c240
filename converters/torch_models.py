"""Models of PyTorch as networks: exported programs (``.pt2``), and functions that make a module."""

from __future__ import annotations

import copy
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import TYPE_CHECKING, Any

from matlab_compat.arrays import as_tuple
from matlab_compat.display import enumerated
from matlab_compat.errors import (
    CorruptFileError,
    MatlabCompatError,
    UnsafeFileError,
    UnsupportedLayerError,
    UsageError,
    cause_text,
    locating,
)
from matlab_compat.network import Network
from matlab_compat.wording import argument

from .endings import file_path
from .from_torch import from_torch

if TYPE_CHECKING:
    import torch

#: How far apart, in units of the largest output, the same in double may come out.
_BOUND = 1e-9


def is_torch_model(path: str | PathLike[str]) -> bool:
    """Whether it names a ``.pt2`` file, or ``package.module:function`` and no file."""
    text = str(file_path(path))
    return text.lower().endswith(".pt2") or (
        re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", text) is not None and not Path(text).exists()
    )


def network_of(
    path: str | PathLike[str], input_size: Sequence[Sequence[int]] = (), *, trust: bool = False
) -> tuple[Network, tuple[str, ...]]:
    """The network that computes what a model of PyTorch computes, and what is known of it.

    The two are run on the example, in double where the module can be, and compared.

    Parameters
    ----------
    path:
        A ``.pt2`` file of ``torch.export.save``; or ``package.module:function``, which is imported
        (from the working folder too) and called: it gives the module with its weights, or a tuple
        of it and an example of its input. A module under that name is taken as it is.
    input_size:
        The sizes of an example's inputs in torch's order (N,C,H,W), for a function that gives none;
        see :func:`converters.from_torch`.
    trust:
        Open a ``.pt2`` file, which may run code that is in it.

    Raises
    ------
    UnsafeFileError
        A ``.pt2`` file that is not trusted.
    UsageError
        The function cannot be imported, fails, or gives no module.
    UnsupportedLayerError
        Parts that MATLAB's layers cannot express; all of them are named.
    """
    import torch

    text = fspath(path)
    with locating(text):
        if text.lower().endswith(".pt2"):
            model, example = _program(Path(text), trust)
        else:
            model, example = _made(text)
        if input_size:
            source = torch.Generator().manual_seed(0)
            example = tuple(torch.rand(tuple(size), generator=source) for size in input_size)
        if example is None:
            raise UsageError(
                "Nothing says the size of its input, on which the layers depend.",
                remedy=f"give that of an example: {argument('input_size', [(1, 3, 224, 224)])}; "
                "or let the function give (module, example).",
            )
        network = from_torch(model, example)
        return network, (_compared(model, network, example),)


def _program(path: Path, trust: bool) -> tuple[Any, Any]:
    import torch

    if not trust:
        raise UnsafeFileError(
            "torch.export.load, which opens exported programs, may run code from the file.",
            remedy=f"if you trust where it comes from, pass {argument('trust', True)}.",
        )
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.load(file)
    except Exception as error:  # torch's reader fails in many ways
        raise CorruptFileError(
            f"torch.export.load cannot open it: {cause_text(error)}.",
            remedy="write it with the torch that is installed here: torch.export.save(torch.export."
            "export(model, (x,)), 'model.pt2').",
        ) from error
    given = program.example_inputs
    return program, given[0] if given else None


def _made(text: str) -> tuple[Any, Any]:
    """The module, and the example that comes with it, or ``None``."""
    import torch

    name, _, attribute = text.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # as Python itself has it, but the last
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no result of ours
            found = _named(import_module(name), attribute)
            made = found if isinstance(found, torch.nn.Module) else found()
    except MatlabCompatError:
        raise
    except Exception as error:  # the user's code
        if isinstance(error, ModuleNotFoundError) and error.name in (name, name.partition(".")[0]):
            raise UsageError(
                f"There is no module '{error.name}' in {folder}, nor is one installed.",
                remedy="run it in the folder that holds it, or check its spelling.",
            ) from None
        *_, last = extract_tb(error.__traceback__)
        theirs = last.filename != __file__
        raise UsageError(
            f"The model cannot be made: {type(error).__name__}: {cause_text(error)}.",
            where=(f"{last.filename}, line {last.lineno}",) if theirs else (),
            remedy="name a function without arguments that gives the module with its weights.",
        ) from error
    model, example = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(model, torch.nn.Module):
        raise UsageError(
            f"It gives {type(model).__name__}, and no module (torch.nn.Module).",
            remedy="let the function build the module, load its weights, and return it.",
        )
    return model, example


def _named(module: ModuleType, attribute: str) -> Any:
    found = getattr(module, attribute, None)
    if callable(found):
        return found
    own = [
        name
        for name, one in vars(module).items()
        if getattr(one, "__module__", "") == module.__name__
    ]
    raise UsageError(
        f"{module.__name__} has no '{attribute}'."
        if found is None
        else f"'{attribute}' is {type(found).__name__}, and no function.",
        where=(str(module.__file__),),
        remedy=f"it has {enumerated(own)}." if own else "name a function that gives the module.",
    )


def _compared(model: Any, network: Network, example: Any) -> str:
    """What running both on the example showed.

    Raises ``UnsupportedLayerError``: they differ.
    """
    import torch

    try:
        inputs = tuple(x.double() if x.is_floating_point() else x for x in as_tuple(example))
        exported = isinstance(model, torch.export.ExportedProgram)
        own = model.module() if exported else copy.deepcopy(model).eval()
        theirs = _run(own.double(), inputs)
        module = network.to_torch(dtype="double")
        # Sequences are N,T,C for some modules, and N,C,T for all networks.
        ways = [inputs, tuple(x.mT if x.ndim == 3 else x for x in inputs)]
        ways = ways if any(x.ndim == 3 for x in inputs) else ways[:1]
        apart = min(_distance(_run(module, way), theirs) for way in ways)
    except Exception as error:  # a module of one number format, inputs in another order
        return f"not compared with the module itself: {cause_text(error)}"
    if not apart <= _BOUND:
        raise UnsupportedLayerError(
            "The network made of it does not compute what the module computes: outputs are "
            f"{apart:.3g} of the largest apart.",
            remedy="report it with the module; nothing was written.",
        )
    return "computes what the module computes, on the example and in double"


def _run(module: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    import torch

    with torch.no_grad():
        return as_tuple(module(*inputs))


def _distance(ours: tuple[torch.Tensor, ...], theirs: tuple[torch.Tensor, ...]) -> float:
    """How far apart they are, in units of the largest output (of 1 where all are smaller)."""
    worst = 0.0
    for one, other in zip(ours, theirs, strict=True):
        turned = one.mT if one.ndim == 3 and one.shape != other.shape else one
        apart = (turned.reshape(other.shape) - other).abs().max().item()
        worst = max(worst, apart / max(1.0, other.abs().max().item()))
    return worst
