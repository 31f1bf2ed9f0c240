"""``.onnx``: what ONNX Runtime, TensorRT and ``importNetworkFromONNX`` read.

Written by torch's own exporter. A transposed convolution becomes a ConvTranspose with equal pads
on both sides and a Slice for the rest of MATLAB's crop: ONNX would allow pads that differ, but ONNX
Runtime's CUDA provider refuses them. Recurrent layers become ONNX's own LSTM and GRU, which take
sequences of any length.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from matlab_compat.errors import (
    FileAccessError,
    MatlabCompatError,
    UnsupportedFileError,
    UnsupportedLayerError,
    UsageError,
    cause_text,
)
from matlab_compat.packages import own_version
from matlab_compat.plain_text import unused
from matlab_compat.wording import argument

from ...identify.files import kind_of_file
from ..base import Format, Options, Prepared, need
from ..torch_export import export, fixed_remarks, fixed_steps

if TYPE_CHECKING:
    import onnx

    from ..base import Arrays, Tensors

FORMAT = "matlab_compat.onnx/1"
#: The newest that torch's exporter writes by itself; ONNX Runtime's CUDA provider knows it whole.
OPSET = 20
#: Larger models keep their weights in a second file, which this target does not write.
_LARGEST = 2**31 - 2**20


class Onnx(Format, suffixes=(".onnx",)):
    """An ONNX model with a dynamic batch; names, labels and classes in ``metadata_props``."""

    name: ClassVar[str] = "ONNX"

    def refusal(self, prepared: Prepared) -> str:
        """bfloat16, of which ONNX Runtime runs next to nothing on a CPU."""
        if prepared.options.dtype == "bfloat16":
            return "ONNX Runtime's CPU provider does not run bfloat16; use half or single"
        return ""

    def write(self, prepared: Prepared, path: Path) -> None:
        """The model, checked by ``onnx.checker``."""
        need("onnx", "onnx", "onnxscript", "onnxruntime")
        path.write_bytes(onnx_model(prepared).SerializeToString())

    def remarks(self, path: Path) -> tuple[str, ...]:
        """The number of time steps, where it is fixed."""
        import onnx

        return fixed_remarks(steps_of(onnx.load(path)))

    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """ONNX Runtime's outputs on the CPU.

        Raises ``UnsupportedLayerError``: it has no kernel for an operator in this precision.
        """
        try:
            session = new_session(str(path))
            names = [given.name for given in session.get_inputs()]
            given = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
            return tuple(session.run(None, given))
        except Exception as error:  # ONNX Runtime's own classes share no other base
            raise UnsupportedLayerError(
                f"ONNX Runtime cannot run it in {options.dtype}: {cause_text(error)}",
                remedy=f"use {argument('dtype', 'single')}, or {argument('check', False)} to "
                "write it without proof.",
            ) from error


def onnx_model(prepared: Prepared) -> onnx.ModelProto:
    """The model, checked by ``onnx.checker``.

    Raises ``UnsupportedLayerError``: ONNX cannot express it, or hold so much.
    """
    from .recurrent import with_onnx_operators

    module = with_onnx_operators(prepared.module())
    about = prepared.interface
    written = _translated(export(prepared, module), about)
    _describe(written, about)
    if written.ByteSize() > _LARGEST:
        raise UnsupportedLayerError("An ONNX file cannot hold more than 2 GB.")
    _check(written)
    return written


def fixed_sizes(model: onnx.ModelProto) -> list[list[int | None]]:
    """The size of each input; ``None`` where any is taken."""
    return [
        [dim.dim_value if dim.HasField("dim_value") else None for dim in size.dim]
        for size in _input_shapes(model)
    ]


def steps_of(model: onnx.ModelProto) -> dict[str, int]:
    """The inputs of a model of ours that take sequences of one length only, with that length."""
    (formats,) = (json.loads(p.value) for p in model.metadata_props if p.key == "inputs")
    return fixed_steps(formats, fixed_sizes(model))


#: What releases of ONNX Runtime say of a model with nothing in it.
_NO_GRAPH = re.compile("(No|not have a) graph")


def new_session(model: str | bytes, threads: int = 0) -> Any:
    """ONNX Runtime's session for a file or its bytes, on the CPU; it says nothing but errors.

    By default it takes as many threads as it likes.
    """
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    settings.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def open_session(path: str | PathLike[str]) -> Any:
    """:func:`new_session` for a file that a user names.

    Raises ``UsageError``: ONNX Runtime is not installed; ``FileAccessError``,
    ``UnsupportedFileError``: there is no such file, or ONNX Runtime does not take it.
    """
    if not Path(path).is_file():
        said = "It is a folder, not a file." if Path(path).is_dir() else "There is no such file."
        raise FileAccessError(said, where=(str(path),))
    try:
        need("onnx", "onnxruntime")
        return new_session(str(path))
    except Exception as error:  # ONNX Runtime's own classes share no other base
        kind = kind_of_file(Path(path))
        if kind is not None and "ONNX" not in kind.name:
            why = f"The file is no ONNX model: it is {kind.name}."
        elif isinstance(error, UsageError):
            raise  # ONNX Runtime is not here, which would be no help for another file
        elif type(error).__name__ == "InvalidProtobuf" or _NO_GRAPH.search(str(error)):
            why = "The file is no ONNX model, or it is damaged."
        else:
            why = f"ONNX Runtime cannot open it: {cause_text(error)}"
        raise UnsupportedFileError(
            why, where=(str(path),), remedy="name an ONNX file that onnx.checker.check_model takes."
        ) from None


def _translated(program: Any, about: dict[str, Any]) -> onnx.ModelProto:
    """The exported program as ONNX, simplified, under MATLAB's names.

    Raises ``UnsupportedLayerError``: ONNX lacks an operator, or torch its translation.
    """
    import torch

    from .operations import TRANSLATIONS

    try:
        with _quiet():
            translated = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=OPSET,
                optimize=False,
                input_names=list(about["inputs"]),
                # ONNX has one space of names for inputs and outputs.
                output_names=[n + "_out" * (n in about["inputs"]) for n in about["outputs"]],
                verbose=False,
                custom_translation_table=TRANSLATIONS,
            )
            assert translated is not None
            translated.optimize()  # now that it has its names, one of which may be taken
            return translated.model_proto
    except MatlabCompatError:
        raise
    except Exception as error:  # every failure of the exporter means the same here
        raise UnsupportedLayerError(
            _why_not(program, error.__cause__ or error),
            remedy="convert to .pt2, which holds a program as well.",
        ) from error


#: How torch's exporter says which operation it does not write.
_NOT_WRITTEN = re.compile(r"translating node .*?target=[\w.]*?\b_?(\w+?)(_ex)?\.\w+\]", re.DOTALL)


def _why_not(program: Any, error: BaseException) -> str:
    """The operation that ONNX lacks, and the first line of the code that has it computed."""
    from matlab_compat.code.interpreter import LINE

    said = _NOT_WRITTEN.search(str(error))
    if said is None:
        return f"ONNX cannot express it: {type(error).__name__}: {cause_text(error)}"
    lines = [
        line
        for node in program.graph.nodes
        if said[1] in str(node.target)
        if (line := (node.meta.get("custom") or {}).get(LINE))
    ]
    where = f", which is computed at {lines[0]}" if lines else ""
    return f"ONNX has no counterpart of '{said[1]}'{where}."


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's exporter, which tells of its own progress and of libraries not in use."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _describe(model: onnx.ModelProto, about: dict[str, Any]) -> None:
    texts = {key: json.dumps(value) for key, value in about.items()}
    for key, text in {"format": FORMAT, **texts}.items():
        model.metadata_props.add(key=key, value=text)
    model.producer_name, model.producer_version = "matlab-compat", own_version()
    # ``batch``, ``time``, ``size`` for the dimensions that vary; torch only numbers them.
    named: dict[str, str] = {}
    taken: set[str] = set()
    for labels, size in zip(about["inputs"].values(), _input_shapes(model), strict=True):
        for label, dim in zip(labels, size.dim, strict=True):
            if dim.dim_param.isdigit():  # found to be fixed while torch traced
                dim.dim_value = int(dim.dim_param)
            elif dim.dim_param and dim.dim_param not in named:
                stem = {"B": "batch", "T": "time"}.get(label, "size")
                named[dim.dim_param] = unused(stem, taken)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in named:
                dim.dim_param = named[dim.dim_param]


def _input_shapes(model: onnx.ModelProto) -> list[onnx.TensorShapeProto]:
    return [value.type.tensor_type.shape for value in model.graph.input]


def _check(model: onnx.ModelProto) -> None:
    import onnx

    onnx.checker.check_model(model, full_check=True)
    uneven = [
        node.name
        for node in model.graph.node
        if node.op_type == "ConvTranspose"
        for attribute in node.attribute
        if attribute.name == "pads"
        for half in [len(attribute.ints) // 2]
        if attribute.ints[:half] != attribute.ints[half:]
    ]
    assert not uneven, f"pads differ at {uneven}"
