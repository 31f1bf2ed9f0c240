"""An ONNX file as a runner: ONNX Runtime computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import DataFormat, dlarray
from matlab_compat.engine.arrays import real_array
from matlab_compat.errors import DataFormatError, UsageError, locating
from matlab_compat.parity.runner import Inputs, Results, Runner, Value, Wanted, as_array
from matlab_compat.wording import argument

from ...verify import sha256
from . import open_session

if TYPE_CHECKING:
    from matlab_compat.network import Network
    from matlab_compat.shallow import ShallowNetwork


class _FileRunner(Runner):
    label = "ONNX Runtime"

    def __init__(self, path: str, network: Any) -> None:
        self.path, self.session, self.network = path, open_session(path), network

    def facts(self) -> dict[str, str]:
        """Which file."""
        return {"against": self.path, "against_sha256": sha256(self.path)}


class OnnxRunner(_FileRunner):
    """An ONNX file of a network, run by ONNX Runtime on the CPU.

    The order of its dimensions (N,C,H,W or N,H,W,C ...) is told by its shapes.

    ``network``, which it is a file of, says what the dimensions are. Raises ``UsageError``: ONNX
    Runtime is not installed; ``FileAccessError``, ``UnsupportedFileError``: there is no such file,
    or it is no ONNX model.
    """

    network: Network

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs, in the order of those that they are compared with.

        Raises ``UsageError``: there is another number of inputs or outputs; ``DataFormatError``: no
        order of dimensions makes the shapes fit.
        """
        from matlab_compat.execution.network import network_inputs

        given = network_inputs(self.network, inputs.X, inputs.data_format)
        feeds = _feeds(self.session, [x.data_format.to_torch(x.data[0]) for x in given], self.path)
        with locating(self.path):
            outputs = self.session.run(None, feeds)
        plan = self.network.plan()
        if len(outputs) != len(plan.outputs):
            raise UsageError(
                f"The ONNX file has {len(outputs)} outputs, the network {len(plan.outputs)}.",
                where=(self.path,),
            )
        ports = zip(plan.outputs.items(), outputs, wanted.like, strict=True)
        return Results(
            {
                name: _as_matlab(np.asarray(y), like, labels, name)
                for (name, (_, labels)), y, like in ports
            }
        )


class ShallowOnnxRunner(_FileRunner):
    """An ONNX file of a shallow network, as ``convert`` writes it: features, then time, are last.

    Parameters and errors are those of :class:`OnnxRunner`.
    """

    def __init__(self, path: str, network: ShallowNetwork) -> None:
        super().__init__(path, network)
        self.specs = self.session.get_inputs()
        names = list(network.ports()[0])
        if [spec.name for spec in self.specs] != names:
            found = ", ".join(spec.name for spec in self.specs)
            raise UsageError(
                f"The ONNX file has the inputs {found}, the network {', '.join(names)}.",
                where=(path,),
                remedy="name a file that matlab-compat convert wrote of this network.",
            )

    @property
    def dtype(self) -> str:
        """The precision of the file."""
        return "double" if all(one.type == "tensor(double)" for one in self.specs) else "single"

    @property
    def steps(self) -> int:
        """The time steps that the file holds; 8 where it takes any number."""
        shapes = (spec.shape for spec in self.specs if spec.name.startswith("x"))
        fixed = [shape[1] for shape in shapes if len(shape) == 3 and isinstance(shape[1], int)]
        return fixed[0] if fixed else 8

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs, one below the other, as MATLAB has them: S×Q, or S×TS(×Q) of a series.

        Raises ``DataFormatError``: the file holds another number of time steps.
        """
        from matlab_compat.shallow.running import port_arrays

        feeds = {}
        for spec, x in zip(self.specs, port_arrays(self.network, *inputs.X), strict=True):
            sizes = zip(spec.shape, x.shape, strict=True)
            if any(isinstance(n, int) and n != have for n, have in sizes):
                raise DataFormatError(
                    f"The ONNX input '{spec.name}' is {spec.shape}, the data are {list(x.shape)}.",
                    where=(self.path, spec.name),
                    remedy="convert the network again, for as many time steps: "
                    f"{argument('steps')} of convert.",
                )
            kind = np.float64 if spec.type == "tensor(double)" else np.float32
            feeds[spec.name] = np.ascontiguousarray(x, dtype=kind)
        with locating(self.path):
            names = list(self.network.ports()[1])[: self.network.numOutputs]
            outputs = self.session.run(names, feeds)
        (like,) = (as_array(one) for one in wanted.like)
        samples = 1 if like.ndim == 2 and self.network.is_dynamic else like.shape[-1]
        each = [y.reshape(samples, -1, y.shape[-1]).T for y in outputs]
        return Results({"Y": np.concatenate(each).reshape(like.shape)})


def _as_matlab(output: Array, like: Value, labels: str, name: str) -> Array:
    """In the order of ``like``, whose dimensions are ``labels`` unless it says otherwise."""
    form = DataFormat.parse(like.dims() if isinstance(like, dlarray) else labels)
    data = like.extractdata() if isinstance(like, dlarray) else like
    return form.from_torch(_to_shape(output, form.to_torch(data), name), form.batched)[0]


def _feeds(session: Any, arrays: list[Array], onnx: str) -> dict[str, Array]:
    wanted = session.get_inputs()
    if len(wanted) != len(arrays):
        raise UsageError(
            f"The ONNX file has {len(wanted)} inputs, the network {len(arrays)}.", where=(onnx,)
        )
    feeds = {}
    for spec, data in zip(wanted, arrays, strict=True):
        order = _order(data.shape, spec.shape)
        if order is None:
            raise DataFormatError(
                f"The network's input is {data.shape} in torch's order, and no order of its "
                f"dimensions gives the ONNX input '{spec.name}' {spec.shape}.",
                where=(onnx, spec.name),
                remedy="check that the file is of this network; "
                f"pass {argument('input')} for another size.",
            )
        with locating(onnx):
            real = real_array(data, f"ONNX input '{spec.name}'")
        feeds[spec.name] = np.ascontiguousarray(real.transpose(order), dtype=np.float32)
    return feeds


def _order(have: Sequence[int], want: Sequence[object]) -> tuple[int, ...] | None:
    """The order of axes that fits a shape whose unknown sizes are text: N,C,H,W first."""
    if len(have) != len(want):
        return None
    for order in _orders(len(have)):
        if all(not isinstance(n, int) or have[a] == n for a, n in zip(order, want, strict=True)):
            return order
    return None


def _orders(rank: int) -> Iterator[tuple[int, ...]]:
    """Likely orders first: as torch, channels last, W before H, then any."""
    usual: dict[int, list[tuple[int, ...]]] = {
        4: [(0, 1, 2, 3), (0, 2, 3, 1), (0, 1, 3, 2)],
        3: [(0, 1, 2), (2, 0, 1), (0, 2, 1)],
    }
    yield from usual.get(rank, ())
    yield from permutations(range(rank))


def _to_shape(other: Array, like: Array, name: str) -> Array:
    """ONNX Runtime's output in torch's order; dimensions of size 1 may be missing or more."""
    squeezed = other.reshape([n for i, n in enumerate(other.shape) if n != 1 or i == 0])
    for candidate in (other, squeezed):
        for order in _orders(candidate.ndim):
            moved = candidate.transpose(np.argsort(order))
            if moved.shape == like.shape:
                return moved
    if squeezed.size == like.size and len([n for n in like.shape if n != 1]) <= 2:
        return squeezed.reshape(like.shape)
    raise DataFormatError(
        f"The ONNX output is {other.shape}, and no order of its dimensions gives {like.shape}.",
        where=(name,),
    )
