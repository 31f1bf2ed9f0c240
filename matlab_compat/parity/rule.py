"""How far results may be apart: by what rounding does to a model, or to arrays like these.

Each rule can hold an explicit tolerance, which then decides; the figures are measured all the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ..arrays import Array
from ..errors import NothingToCompareError
from ..execution.described import ModelLike
from ..layers.base import Layer
from ..network import Network
from .compare import EPS, LAYER_RULE, SMALLEST, Comparison, slice_magnitude
from .runner import Inputs, ModelRunner, OracleRunner, Precision, Results, Wanted, each
from .sensitivity import Result, Sensitivity, compare_each
from .tolerance import Tolerance

#: Without a model.
_NEIGHBOURS = "difference / (eps * largest |Y| of its channel, observation, row or column)"


@dataclass(frozen=True)
class Rounding:
    """The spacing of a number format from 1 on, and around zero."""

    eps: float
    smallest: float

    @classmethod
    def of(cls, dtype: Any, *arrays: Array, tf32: bool = False) -> Rounding:
        """The rounding of the coarsest format: the computation's, TF32 if used, or the arrays'."""
        names = {"float16": "half", "float32": "single", "complex64": "single"}
        saved = [names.get(array.dtype.name, "double") for array in arrays]
        formats = [Precision(dtype=dtype).format, *saved]
        eps = max(EPS[name] for name in [*formats, *(["tf32"] if tf32 else [])])
        return cls(eps, max(SMALLEST[name] for name in formats))


@dataclass(frozen=True)
class Judged:
    """What a rule says of some results."""

    #: A comparison for each result, or the reason why nothing could be compared.
    comparisons: list[Comparison | NothingToCompareError]
    eps: float
    #: By the number of a result: how much one rounding is for each of its elements.
    unit: Callable[[int], Array | float]


class Rule(ABC):
    """Decides whether results are the same; a ``tolerance`` decides instead of its own bound."""

    def __init__(self, tolerance: Tolerance | None = None) -> None:
        self.tolerance = tolerance

    def exact(self, inputs: Inputs, wanted: Wanted) -> Results | None:
        """The same results in float64, if the rule has a model of them."""
        return None

    @property
    def model(self) -> Layer | Network | None:
        """What the results should be of, if that is known."""
        return None

    @abstractmethod
    def judge(self, results: Sequence[Result], inputs: Inputs, wanted: Wanted) -> Judged:
        """Compare each; ``wanted`` says what the results are."""


class NeighbourRule(Rule):
    """Without a model: roundings, of the coarsest format at work, of the largest neighbours."""

    def __init__(self, rounding: Rounding, tolerance: Tolerance | None = None) -> None:
        super().__init__(tolerance)
        self.rounding = rounding

    def judge(self, results: Sequence[Result], inputs: Inputs, wanted: Wanted) -> Judged:
        """By :func:`~.compare.slice_magnitude` of the expected values."""
        sizes = [slice_magnitude(one.expected) for one in results]
        return _by_magnitude(results, sizes, self.rounding.eps, self.tolerance, _NEIGHBOURS)


class ModelRule(Rule):
    """The default: what rounding errors in a model's operations do to each element.

    Of a layer with a formula for it that is ``|W| * |x| + |b|``, otherwise it is measured with
    ``oracle``, which runs the model (:mod:`.sensitivity`). Nothing that is compared has a say in
    it. ``rounding`` is that of the coarsest number format at work.
    """

    def __init__(
        self, oracle: ModelRunner, rounding: Rounding, tolerance: Tolerance | None = None
    ) -> None:
        super().__init__(tolerance)
        self.oracle, self.rounding = oracle, rounding

    @classmethod
    def of(
        cls, model: ModelLike, precision: Precision, tolerance: Tolerance | None = None
    ) -> ModelRule:
        """For a model whose parameters have the number formats of its file."""
        rounding = Rounding.of(precision.dtype, *model.parameter_values(), tf32=precision.tf32)
        return cls(OracleRunner(model), rounding, tolerance)

    @property
    def model(self) -> Layer | Network | None:
        """The layer or network; other kinds of models are only run."""
        model = self.oracle.model if isinstance(self.oracle, OracleRunner) else None
        return model if isinstance(model, Layer | Network) else None

    def exact(self, inputs: Inputs, wanted: Wanted) -> Results:
        """The model's results in float64."""
        return self.oracle.run(inputs, wanted)

    def judge(self, results: Sequence[Result], inputs: Inputs, wanted: Wanted) -> Judged:
        """By the model's roundings; where its results have another size, by neighbours."""
        if any(one.oracle is None for one in results):
            return NeighbourRule(self.rounding, self.tolerance).judge(results, inputs, wanted)
        scale = self._scale(inputs)
        if scale is not None:
            return _by_magnitude(results, [scale] * len(results), self.rounding.eps, self.tolerance)

        def again(dtype: str, inside: AbstractContextManager[Any] | None) -> list[Array]:
            run = self.oracle.at(Precision(dtype=dtype)).run(inputs, wanted, inside)
            return [y for part in (run.outputs, run.activations) for _, _, y in each(part)]

        sensitivity = Sensitivity(again, self.rounding.eps, self.rounding.smallest)

        def unit(index: int) -> Array:
            exact = results[index].oracle
            assert exact is not None
            return sensitivity.unit(index, exact)

        compared = compare_each(results, sensitivity, self.tolerance)
        return Judged(compared, sensitivity.eps, unit)

    def _scale(self, inputs: Inputs) -> Array | None:
        model = self.model
        if not isinstance(model, Layer) or len(inputs.X) != 1:
            return None
        return model.rounding_scale(inputs.X[0], inputs.formats(model)[0])


def _by_magnitude(
    results: Sequence[Result],
    sizes: Sequence[Array],
    eps: float,
    tolerance: Tolerance | None,
    rule: str = LAYER_RULE,
) -> Judged:
    found = [
        one.compared(eps, size, rule, tolerance) for one, size in zip(results, sizes, strict=True)
    ]
    return Judged(found, eps, lambda i: eps * sizes[i])
