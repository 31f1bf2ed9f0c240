"""``.pt2``: the whole network as a ``torch.export`` program; only torch is needed to run it.

``torch.export.load(path).module()(x)`` takes any number of observations. Sequences may have any
length where torch can trace that; it cannot for recurrent layers, whose number of time steps is
that of ``Options.steps``.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from matlab_compat.errors import MatlabCompatError, UnsupportedLayerError, cause_text
from matlab_compat.wording import argument

from ..examples import example_inputs, has_free_size
from .base import Format, Options, Prepared, outputs_of

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

    from .base import Arrays, Tensors

#: Beside the program in the file, as JSON: names, dimension labels and classes.
EXTRA_FILE = "matlab_compat.json"
FORMAT = "matlab_compat.exported/1"
#: The proof runs with another number of observations, so that a fixed one would show.
_BATCH = 3


class TorchExport(Format, suffixes=(".pt2",)):
    """An ``ExportedProgram`` with a dynamic batch."""

    name: ClassVar[str] = "torch.export program"

    def __init__(self) -> None:
        #: The file that was read, for its remarks and for its run.
        self._read: tuple[Path, ExportedProgram, dict[str, Any]] | None = None

    def write(self, prepared: Prepared, path: Path) -> None:
        """The program, with names and classes in ``matlab_compat.json``."""
        import torch

        program = export(prepared)
        about = {"format": FORMAT, **prepared.interface}
        memory = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, of its own internals
            try:
                torch.export.save(program, memory, extra_files={EXTRA_FILE: json.dumps(about)})
            except Exception as error:  # sizes that are computed by what a file cannot hold
                raise _not_exported("write", error) from error
        self._read = None
        path.write_bytes(memory.getbuffer())  # torch's own writer may crash where a disk is full

    def remarks(self, path: Path) -> tuple[str, ...]:
        """The number of time steps, where it is fixed."""
        program, about = self._program(path)
        names = set(program.graph_signature.user_inputs)
        sizes = [n.meta["val"].shape for n in program.graph.nodes if n.name in names]
        return fixed_remarks(fixed_steps(about["inputs"], sizes))

    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """The program in the file."""
        return outputs_of(self._program(path)[0].module(), inputs)

    def _program(self, path: Path) -> tuple[ExportedProgram, dict[str, Any]]:
        """What is in the file, and what it says of itself; read once."""
        import torch

        if self._read is None or self._read[0] != path:
            files = {EXTRA_FILE: ""}
            with path.open("rb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                program = torch.export.load(file, extra_files=files)
            self._read = path, program, json.loads(files[EXTRA_FILE])
        return self._read[1:]


def export(prepared: Prepared, module: nn.Module | None = None) -> ExportedProgram:
    """The model's module, or another that computes the same, traced with a dynamic batch.

    Raises ``UnsupportedLayerError``: torch cannot trace it.
    """
    from matlab_compat.engine.precision import torch_dtype

    model, options, module = prepared.model, prepared.options, module or prepared.module()
    inputs = example_inputs(model, batch=_BATCH, steps=options.steps)
    given = tuple(x.to(torch_dtype(options.dtype)) for x in inputs)
    formats = prepared.interface["inputs"].items()
    sizes = tuple(_dynamic(labels, has_free_size(model, name)) for name, labels in formats)
    try:
        made = exported(module, given, sizes)
    except MatlabCompatError:
        raise
    except Exception as error:  # torch.export fails in many ways, all of which mean the same here
        raise _not_exported("trace", error) from error
    _check_free(made, [labels for _, labels in formats])
    return made


#: The size of an input in a condition that a program holds by: its name, its place, its dimension.
_SIZE = re.compile(r"L\['(\w+)'\](?:\[(\d+)\])?\.size\(\)\[(\d+)\]")


def _check_free(program: ExportedProgram, formats: Sequence[str]) -> None:
    """Raise ``UnsupportedLayerError``: the program holds for certain numbers of observations."""
    inputs = dict(zip(program.graph_signature.user_inputs, formats, strict=True))
    for condition in getattr(program, "_guards_code", ()):
        places = [(f"{n}_{at}" if at else n, int(axis)) for n, at, axis in _SIZE.findall(condition)]
        said = {inputs.get(name, "")[axis : axis + 1] for name, axis in places}
        # Each input has as many observations, or one that stands for all.
        as_many = any(re.fullmatch(r"L\[\S+ == L\[\S+", one) for one in condition.split(" or "))
        if said == {"B"} and not as_many:
            raise UnsupportedLayerError(
                "The number of observations does not stay free: what is computed depends on it.",
                remedy="convert to .pt or .safetensors, which hold weights and no program.",
            )


def _not_exported(what: str, error: Exception) -> UnsupportedLayerError:
    why = f"{type(error).__name__}: {cause_text(error)}"
    if why.startswith("UserError: Constraints violated"):  # only the observations must stay free
        why = "it computes with the number of observations, as a loop over them does."
    return UnsupportedLayerError(
        f"torch.export cannot {what} it: {why}",
        remedy="convert to .pt or .safetensors, which hold weights and no program.",
    )


def _dynamic(labels: str, free: bool) -> dict[int, Any]:
    """Which dimensions of an input may vary: the batch; time, and ``free`` sizes, if possible."""
    from torch.export import Dim

    vary = {"B": Dim.DYNAMIC, "T": Dim.AUTO, **(dict.fromkeys("SC", Dim.AUTO) if free else {})}
    return {axis: vary[label] for axis, label in enumerate(labels) if label in vary}


def exported(
    module: nn.Module, inputs: Tensors, sizes: tuple[dict[int, Any], ...]
) -> ExportedProgram:
    """Torch's program of a module, with the lines of the user's code.

    Parameters
    ----------
    sizes:
        Which dimensions of each input may vary.
    """
    from inspect import Parameter, signature

    import torch
    from torch.fx.traceback import preserve_node_meta

    # One for each argument, variadic ones as one.
    kinds = [p.kind for p in signature(module.forward).parameters.values()]
    named = kinds.index(Parameter.VAR_POSITIONAL) if Parameter.VAR_POSITIONAL in kinds else None
    rest = sizes[named:] if named is not None else ()
    shapes: Any = (*sizes[:named], rest) if rest else sizes
    with warnings.catch_warnings(), preserve_node_meta():
        warnings.simplefilter("ignore")
        return torch.export.export(module, inputs, dynamic_shapes=shapes)


def fixed_steps(formats: Mapping[str, str], sizes: Iterable[Sequence[Any]]) -> dict[str, int]:
    """The inputs that take sequences of one length only, with that length."""
    return {
        name: steps
        for (name, labels), size in zip(formats.items(), sizes, strict=True)
        if "T" in labels and isinstance(steps := size[labels.index("T")], int)
    }


def fixed_remarks(steps: Mapping[str, int]) -> tuple[str, ...]:
    """What to tell the user of fixed numbers of time steps."""
    return tuple(
        f"input '{name}' takes sequences of exactly {count} time steps; "
        f"choose another number with {argument('steps')}"
        for name, count in steps.items()
    )
