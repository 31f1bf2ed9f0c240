"""``ShallowNetwork``: a ``network`` object as a value, and running it on MATLAB's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np

from ..arrays import Array
from ..errors import UnsupportedModelError, UsageError
from ..execution.described import Computed, RunOptions
from .checks import problems
from .description import Description
from .functions import joined, vec2ind
from .parts import Input, Layer, Output, Weight
from .registry import UNCHECKED

if TYPE_CHECKING:
    from torch import nn

    from ..engine.precision import DeviceLike, DTypeLike
    from ..engine.shallow import ShallowModule
    from ..pages.diagram import Diagram


#: Labels of the dimensions, in torch's order, and the size of one sample.
Port: TypeAlias = tuple[str, tuple[int, ...]]


class ShallowNetwork(Description):
    """A ``network`` object of MATLAB: feedforwardnet, patternnet, narxnet, newff, selforgmap ...

    Names and values are MATLAB's; places count from 0: ``net.IW[0, 0]`` is ``net.IW{1,1}``.

    Parameters
    ----------
    inputs, layers:
        ``net.inputs{j}`` and ``net.layers{i}``.
    outputs:
        ``net.outputs{i}`` for each layer, ``None`` where there is none.
    inputWeights, layerWeights:
        By (to, from); those there are.
    IW, LW:
        L×N and L×L arrays of matrices S×(R*delays); ``None`` where there is no weight.
    b:
        For each layer a vector S×1, or ``None``.
    name:
        What MATLAB calls the kind of network.

    Examples
    --------
    >>> import numpy as np
    >>> layer, end = Layer("Hidden", 2, "tansig"), Layer("Output", 1, "purelin")
    >>> net = ShallowNetwork.feedforward(
    ...     [np.ones((2, 3)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)], ["tansig", "purelin"]
    ... )
    >>> net(np.zeros((3, 4))).shape
    (1, 4)
    """

    @classmethod
    def feedforward(
        cls, weights: Sequence[Array], biases: Sequence[Array], transferFcns: Sequence[str]
    ) -> Self:
        """Layers that follow each other, without processing.

        Parameters
        ----------
        weights:
            S×R of each layer.
        biases:
            S of each.
        transferFcns:
            The transfer function of each.
        """
        sizes = [np.asarray(w).shape for w in weights]
        count = len(sizes)
        IW, LW = np.empty((count, 1), object), np.empty((count, count), object)
        IW[0, 0] = np.asarray(weights[0], float)
        for i in range(1, count):
            LW[i, i - 1] = np.asarray(weights[i], float)
        return cls(
            [Input(size=sizes[0][1])],
            [
                Layer(f"Layer {i}", size[0], transfer)
                for i, (size, transfer) in enumerate(zip(sizes, transferFcns, strict=True), 1)
            ],
            [None] * (count - 1) + [Output(size=sizes[-1][0])],
            {(0, 0): Weight()},
            {(i, i - 1): Weight() for i in range(1, count)},
            IW,
            LW,
            [np.asarray(b, float).reshape(-1, 1) for b in biases],
            "Feed-Forward Neural Network",
        )

    def problems(self) -> list[str]:
        """All that keeps it from being run, each in a sentence; empty if it can be run."""
        return problems(self)

    def check(self) -> None:
        """Refuse what cannot be run.

        Raises
        ------
        UnsupportedModelError
            With all the problems.
        """
        found = self.problems()
        if found:
            raise UnsupportedModelError(
                "The shallow network cannot be run: " + "; ".join(found) + ".",
                remedy="repair it in MATLAB and save it again: save('net.mat', 'net'); functions "
                "of your own: matlab_compat.shallow.register('transfer', 'mytf', function).",
            )

    def remarks(self) -> list[str]:
        """What is known from MATLAB's documentation alone, of the functions that it uses."""
        used = {layer.transferFcn for layer in self.layers} | {x.netInputFcn for x in self.layers}
        used |= {one.weightFcn for _, _, one in self.weights()}
        for steps in (*self.inputs, *self.outputs):
            used |= set(steps.processFcns) if steps is not None else set()
        names = ", ".join(sorted(used & UNCHECKED))
        why = "computed by MATLAB's documentation; no result of MATLAB's has been at hand to check"
        return [f"{names}: {why}"] if names else []

    def constant_rows(self, become: str) -> Self:
        """The network with a gain for rows that were constant in training, where none was saved.

        Releases before 2014 saved none, and what they make of such a row is not certain: its pages
        say that it stays, users have seen that it becomes ``ymin``.

        Parameters
        ----------
        become:
            "unchanged", or "mapped": onto ``ymin`` (of mapstd onto ``ymean``), as far off as the
            value is from that of the training.

        Raises
        ------
        UsageError
            It is neither.
        UnsupportedModelError
            What the processing does cannot be told for other reasons.

        Examples
        --------
        >>> net = net.constant_rows("unchanged")  # doctest: +SKIP
        """
        from .processing import UnsettledError, with_constant_rows

        if become not in ("unchanged", "mapped"):
            raise UsageError(f"Constant rows become 'unchanged' or 'mapped', not {become!r}.")
        mapped = become == "mapped"
        try:
            inputs = [with_constant_rows(one, one.size, mapped=mapped) for one in self.inputs]
            outputs = [
                one and with_constant_rows(one, one.size, mapped=mapped) for one in self.outputs
            ]
        except UnsettledError as error:
            raise UnsupportedModelError(f"{error}.") from error
        return replace(self, inputs=inputs, outputs=outputs)

    def view(self) -> str:
        """The network as text: what ``view(net)`` draws."""
        from .view import view

        return view(self)

    def plot(self) -> Diagram:
        """The network as a picture, which a notebook shows and ``.save("net.svg")`` writes."""
        from .view import picture

        return picture(self, repr(self))

    def _repr_html_(self) -> str:
        from ..pages.diagram import STYLE
        from ..pages.markup import preformatted
        from ..pages.notebook import fragment

        return fragment(repr(self), preformatted(self.view()), self.plot().pane(), style=STYLE)

    def __repr__(self) -> str:
        sizes = ["+".join(str(one.size) for one in self.inputs)] if self.inputs else []
        shape = "-".join([*sizes, *(str(layer.size) for layer in self.layers)])
        return f"ShallowNetwork({self.name or 'network'!r}, {shape})"

    # --- as any model (execution.described.ModelLike) ------------------------------------------

    default_dtype: ClassVar[str] = "double"
    takes_cells: ClassVar[bool] = True

    @property
    def InputNames(self) -> list[str]:
        """One: the matrix, or the cell, of all inputs; none of a closed loop without any."""
        return ["X"] if self.inputs else []

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """States, and the cell 0×TS that stands for inputs where there are none."""
        return ("Xi", "Ai") if self.inputs else ("X", "Xi", "Ai")

    @property
    def OutputNames(self) -> list[str]:
        """One: the matrix, or the cell, of all outputs."""
        return ["Y"]

    def predict_all(self, X: Sequence[object], **options: Any) -> Any:
        """:meth:`predict` for ``X``, or ``X``, ``Xi`` and ``Ai``."""
        options.pop("allow_tf32", None)
        return self.predict(*X, **options)

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """The output as one array: of a series R×TS, or R×TS×Q."""
        from .running import simulate

        self.check()
        data, Xi, Ai = [*X, None, None, None][:3]
        form = how.data_format
        one = form if form is None or isinstance(form, str) else form[0]
        Y = simulate(self, data, Xi, Ai, None, one, how.device, how.dtype, how.inside)[0]
        return Computed((joined(Y),), {})

    def parameter_values(self) -> list[Array]:
        """All weights and biases."""
        return [one for one in (*self.IW.flat, *self.LW.flat, *self.b) if one is not None]

    def unknown_fields(self) -> list[str]:
        """None: what is not read has no effect on results."""
        return []

    def ignore_fields(self, *names: str) -> Self:
        """Nothing to ignore."""
        return self

    # --- running it ---------------------------------------------------------------------------

    def sim(
        self,
        X: Any = None,
        Xi: Any = None,
        Ai: Any = None,
        *,
        steps: int | None = None,
        data_format: str | None = None,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
    ) -> tuple[Any, Any, Any]:
        """``[Y, Xf, Af] = net(X, Xi, Ai)``.

        Parameters
        ----------
        X:
            A matrix R×Q of Q samples (of several inputs: their rows one below the other), or a
            cell of time steps, inputs × TS, of such matrices: an array of objects, or a list (of
            lists for several inputs).
        Xi, Ai:
            Cells of what was before the first step, oldest first: inputs × ``numInputDelays``, in
            the user's units, and layers × ``numLayerDelays``, outputs of layers. By default zeros.
        steps:
            The number of time steps of a network without inputs.
        data_format:
            Labels of an array's dimensions, of C, B and T: "CT" is one sequence, a step in each
            column; "CBT" or "CTB" several.
        device, dtype:
            By default the CPU, in double, as MATLAB.

        Returns
        -------
        The outputs in the form of ``X``, and the states after the last step, as cells.

        Raises
        ------
        UnsupportedModelError
            It cannot be run; see :meth:`problems`.
        DataFormatError
            The data do not fit.
        """
        from .running import simulate

        self.check()
        return simulate(self, X, Xi, Ai, steps, data_format, device, dtype)

    def predict(self, X: Any = None, Xi: Any = None, Ai: Any = None, **options: Any) -> Any:
        """The outputs; parameters and errors are those of :meth:`sim`."""
        return self.sim(X, Xi, Ai, **options)[0]

    __call__ = predict

    def classify(self, X: Any, Xi: Any = None, Ai: Any = None, **options: Any) -> Any:
        """The class of each sample, from 1: the row of the largest output (``vec2ind``).

        Raises
        ------
        UsageError
            There is one output with one row: it names no classes by itself.
        """
        Y = self.predict(X, Xi, Ai, **options)
        if [self.layers[i].size for i in self.output_layers] == [1]:
            raise UsageError(
                "The network has one output of one row, which is no choice among classes.",
                remedy="compare it with the threshold that was used: net.predict(X) > 0.5.",
            )
        return vec2ind(Y)

    def to_torch(
        self, device: DeviceLike | None = None, dtype: DTypeLike | None = None
    ) -> ShallowModule:
        """A torch module; features are the last dimension.

        Static networks take Q×R tensors, one for each input, and give Q×S. Dynamic ones take
        Q×T×R and a ``state``, and give Q×T×S and the final state. Parameters are called
        ``IW.0_0``, ``LW.1_0``, ``b.0`` (S×R as MATLAB has them), constants of the processing
        ``inputs.0.mapminmax.gain`` and so on. In double unless told otherwise.

        Raises
        ------
        UnsupportedModelError
            It cannot be run.
        """
        from .module import module_of

        self.check()
        return module_of(self, device, dtype)

    def ports(self, steps: int = 1) -> tuple[dict[str, Port], dict[str, Port]]:
        """The inputs and outputs of a program of it: names, with labels and sizes of one sample.

        ``x1`` and ``y1`` ("BC"; "BTC" of ``steps`` where there are delays), then what was before
        the first step and after the last, as far as it counts: ``Xi1``, ``Ai2`` and ``Xf1``,
        ``Af2`` ("BUC": a row for each delay, oldest first).
        """
        ends = [self.outputs[i].size for i in self.output_layers]  # type: ignore[union-attr]
        if not self.is_dynamic:
            given = {f"x{j}": ("BC", (one.size,)) for j, one in enumerate(self.inputs, 1)}
            return {**given}, {f"y{k}": ("BC", (n,)) for k, n in enumerate(ends, 1)}
        inputs: dict[str, Port] = {}
        for j, one in enumerate(self.inputs, 1):
            inputs[f"x{j}"] = ("BTC", (steps, one.size))
        outputs: dict[str, Port] = {f"y{k}": ("BTC", (steps, n)) for k, n in enumerate(ends, 1)}
        for side in self.sides:
            for j in side.delayed:
                port, letter = ("BUC", (side.delays, side.sources[j].size)), side.letter.upper()
                inputs[f"{letter}i{j + 1}"] = outputs[f"{letter}f{j + 1}"] = port
        return inputs, outputs

    def to_program(self, dtype: DTypeLike | None = None, steps: int = 1) -> ShallowModule:
        """A torch module of tensors alone, as :meth:`ports` has them; errors as :meth:`to_torch`.

        ``steps`` are the time steps of a network without inputs; others take any number.
        """
        from ..engine.shallow import UnrolledModule
        from .module import module_of

        self.check()
        if not self.is_dynamic:
            return module_of(self, None, dtype)
        module = module_of(self, None, dtype, UnrolledModule)
        assert isinstance(module, UnrolledModule)
        module.steps = 0 if self.inputs else steps
        return module

    def to_sequential(
        self, device: DeviceLike | None = None, dtype: DTypeLike | None = None
    ) -> nn.Sequential:
        """An ``nn.Sequential`` with a ``Linear`` for each layer, where one follows the other.

        Raises
        ------
        UnsupportedModelError
            It cannot be run, or its layers do not just follow each other.
        """
        from .module import sequential_of

        self.check()
        return sequential_of(self, device, dtype)
