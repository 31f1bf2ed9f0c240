"""An ONNX file as a runner: ONNX Runtime computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.data_format import DataFormat, dlarray
from matlab_compat.errors import DataFormatError, UsageError, locating
from matlab_compat.parity.runner import Inputs, Results, Runner, Value, Wanted
from matlab_compat.wording import argument

from ...verify import sha256
from . import open_session

if TYPE_CHECKING:
    from matlab_compat.network import Network


class OnnxRunner(Runner):
    """An ONNX file of a network, run by ONNX Runtime on the CPU.

    The order of its dimensions (N,C,H,W or N,H,W,C ...) is told by its shapes.

    ``network``, which it is a file of, says what the dimensions are. Raises ``UsageError``: ONNX
    Runtime is not installed; ``FileAccessError``, ``UnsupportedFileError``: there is no such file,
    or it is no ONNX model.
    """

    label = "ONNX Runtime"

    def __init__(self, path: str, network: Network) -> None:
        self.path, self.network = path, network
        self.session = open_session(path)

    def facts(self) -> dict[str, str]:
        """Which file."""
        return {"against": self.path, "against_sha256": sha256(self.path)}

    def run(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The outputs, in the order of those that they are compared with.

        Raises
        ------
        UsageError
            There is another number of inputs or outputs.
        DataFormatError
            No order of dimensions makes the shapes fit.
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
        feeds[spec.name] = np.ascontiguousarray(data.transpose(order), dtype=np.float32)
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
