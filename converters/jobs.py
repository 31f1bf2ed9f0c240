"""What is done with many files: verified, converted, run; see :mod:`.batch`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matlab_compat.errors import UsageError
from matlab_compat.network.pictures import Fit
from matlab_compat.parity.compare import keeping_arrays
from matlab_compat.parity.diagnosis_types import SECONDS
from matlab_compat.parity.reports.html import html_page
from matlab_compat.parity.runner import Precision
from matlab_compat.wording import argument

from .atomic import make_folder, write_text
from .batch import Job, Record, digest
from .convert import convert
from .data import split_argument
from .engines import TORCH
from .formats import ANY, Asked, Options
from .outputs import check_output, write_outputs
from .predict import Predictor
from .verify import verify

if TYPE_CHECKING:
    from matlab_compat.parity import Tolerance
    from matlab_compat.parity.report import Report


@dataclass(frozen=True)
class VerifyJob(Job):
    """One file to verify; see :func:`converters.verify`."""

    asked: Asked = ANY
    input: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    fit: Fit = field(default_factory=Fit)
    rows: str | None = None
    data_format: str | None = None
    precision: Precision = field(default_factory=Precision)
    tolerance: Tolerance | None = None
    #: How long to look for what was done wrong.
    diagnosis_seconds: float = SECONDS
    #: What else to compare with than what MATLAB saved; see :func:`.runners.runner_named`.
    against: str | None = None
    #: The seed of the random input then.
    seed: int = 0
    #: Where a page about it goes; "" for nowhere.
    page: str = ""

    def places(self, exit_code: int) -> tuple[str, ...]:
        """The page about it, where one was asked for."""
        return (self.page,) if self.page and exit_code <= 1 else ()

    def document(self) -> Record:
        """The document ``matlab_compat.verify/1``; the page is written besides."""
        if not self.page:
            return self.report().to_json()
        with keeping_arrays():
            report = self.report()
        write_text(self.page, html_page(report, self.path), overwrite=True)
        return report.to_json()

    def report(self) -> Report:
        """Verify the file."""
        names = ("input", "rows", "tolerance", "diagnosis_seconds")
        common: dict[str, Any] = {name: getattr(self, name) for name in names}
        common |= {**vars(self.fit), **vars(self.precision)}
        if self.against is None:
            common |= {"expected": self.expected, "data_format": self.data_format}
            return verify(self.path, **vars(self.asked), **common)
        from .against import verify_against

        self._refuse_parts()
        asked = self.asked
        common |= {n: getattr(asked, n) for n in ("ignore_fields", "code", "limits")}
        return verify_against(self.path, self.against, asked.variable, seed=self.seed, **common)

    def _refuse_parts(self) -> None:
        """A whole network is run by something else, on inputs of its own: nothing to choose."""
        every = {**vars(self.asked), **vars(self)}
        for name in ("layer", "layer_class", "function", "expected", "data_format"):
            if every[name]:
                raise UsageError(
                    f"{argument(name)} has no meaning beside {argument('against')}, which runs a "
                    "whole network.",
                    where=(self.path,),
                    remedy="leave one of the two out.",
                )


@dataclass(frozen=True)
class ConvertJob(Job):
    """One file to convert; see :func:`converters.convert`."""

    output: str
    asked: Asked = ANY
    how: Options = field(default_factory=Options)
    check: bool = True
    overwrite: bool = False
    input_size: tuple[tuple[int, ...], ...] = ()
    trust: bool = False

    def places(self, exit_code: int) -> tuple[str, ...]:
        """The file or folder that is written."""
        return () if exit_code else (self.output,)

    def document(self) -> Record:
        """The document ``matlab_compat.convert/1``."""
        names = ("check", "overwrite", "input_size", "trust")
        how: dict[str, Any] = {name: getattr(self, name) for name in names}
        done = convert(self.path, self.output, **vars(self.asked), options=self.how, **how)
        return done.to_json()


@dataclass(frozen=True)
class Running:
    """A model in a file, and how it is run on others; see :class:`converters.predict.Predictor`."""

    model: str
    asked: Asked = ANY
    data_format: str | None = None
    precision: Precision = field(default_factory=Precision)
    fit: Fit = field(default_factory=Fit)
    rows: str | None = None
    steps: int | None = None
    classes: str | None = None
    #: Who computes, if not torch.
    engine: str | None = None

    def opened(self) -> Predictor:
        """The model, opened once by each process."""
        return _opened(self, digest(self.model))


@lru_cache(maxsize=1)
def _opened(how: Running, content: str | None) -> Predictor:
    own: dict[str, Any] = {n: getattr(how, n) for n in ("data_format", "rows", "steps", "classes")}
    own |= {"device": how.precision.device, "dtype": how.precision.dtype}
    return Predictor(
        how.model, **vars(how.asked), **vars(how.fit), **own, engine=how.engine or TORCH
    )


@dataclass(frozen=True)
class PredictJob(Job):
    """A model run on one file, ``path``, or on one for each of its ``inputs``."""

    how: Running
    inputs: tuple[str, ...]
    output: str | None = None
    top: int = 5
    overwrite: bool = False

    def chosen(self) -> dict[str, object]:
        """All that was chosen, and the model's SHA-256."""
        return {**super().chosen(), "model_sha256": digest(self.how.model)}

    @property
    def source(self) -> str:
        """The file of the input."""
        return split_argument(self.path)[0]

    def places(self, exit_code: int) -> tuple[str, ...]:
        """Where what comes out is written."""
        return () if self.output is None or exit_code else (self.output,)

    def document(self) -> Record:
        """One of the ``files`` of ``matlab_compat.predictions/1``."""
        predictor = self.how.opened()
        predictor.check_count(len(self.inputs))
        if self.output is not None:
            check_output(self.output, predictor.model.OutputNames)
        found = predictor(*self.inputs, top=self.top)
        if self.output is not None:
            make_folder(Path(self.output).parent)
            write_outputs(self.output, found.outputs, overwrite=self.overwrite)
        return {**found.to_json(), "written": self.output}
