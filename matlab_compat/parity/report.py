"""What a comparison found, as a document and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..display import counted
from .compare import Comparison, Verdict
from .diagnosis_types import Diagnosis, Unseen
from .side_by_side import Distance

if TYPE_CHECKING:
    from ..pages.diagram import Diagram

Worth = Literal["full", "limited"]


@dataclass(frozen=True)
class Report:
    """What ``verify`` found: one comparison for every output, and how it was computed."""

    outputs: tuple[Comparison, ...]
    environment: dict[str, str]
    #: Activations of layers that were compared as well, in the order of computation.
    activations: tuple[Comparison, ...] = ()
    #: The mistakes that explain the difference, the likeliest first.
    diagnoses: tuple[Diagnosis, ...] = ()
    #: Where nothing explains the difference: what is known of it, and what was tried.
    unexplained: str = ""
    #: MATLAB, CPU, GPU and float64 among each other, where there is a GPU.
    side_by_side: tuple[Distance, ...] = ()
    #: What the comparison cannot show, where everything compared is equal.
    warnings: tuple[Unseen, ...] = ()
    #: The networks, with what was found at their layers.
    pictures: tuple[Diagram, ...] = ()

    @property
    def worth(self) -> Worth:
        """'limited' if there are mistakes that the comparison cannot show; see ``warnings``."""
        return "limited" if self.warnings else "full"

    @property
    def compared(self) -> tuple[Comparison, ...]:
        """Everything that was compared."""
        return (*self.activations, *self.outputs)

    @property
    def first_difference(self) -> str | None:
        """The first layer whose activations differ."""
        different = (a.name for a in self.activations if a.verdict == "different")
        return next(different, None)

    @property
    def verdict(self) -> Verdict:
        """'equal' if everything compared is."""
        return "equal" if all(o.verdict == "equal" for o in self.compared) else "different"

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different."""
        return 0 if self.verdict == "equal" else 1

    def __str__(self) -> str:
        """What ``matlab-compat verify`` prints."""
        from .reports.text import report_text

        return report_text(self.to_json(), self._name)

    def __repr__(self) -> str:
        first = f", first in layer '{self.first_difference}'" if self.first_difference else ""
        return f"<Report: {self.verdict}{first}, {counted(len(self.compared), 'comparison')}>"

    def _repr_html_(self) -> str:
        from .reports.notebook import report_html

        return report_html(self.to_json(), self._name, self.pictures)

    @property
    def _name(self) -> str:
        return self.environment.get("file", "comparison")

    def to_json(self) -> dict[str, Any]:
        """The document ``matlab_compat.verify/1``."""
        return {
            "schema": "matlab_compat.verify/1",
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "worth": self.worth,
            "warnings": [warning.to_json() for warning in self.warnings],
            "outputs": [output.to_json() for output in self.outputs],
            "activations": [layer.to_json() for layer in self.activations],
            "first_difference": self.first_difference,
            "diagnoses": [diagnosis.to_json() for diagnosis in self.diagnoses],
            "unexplained": self.unexplained,
            "side_by_side": [distance.to_json() for distance in self.side_by_side],
            "environment": self.environment,
        }


def together(reports: Sequence[Report], facts: Mapping[str, str]) -> Report:
    """The reports of one file as one report, with ``facts`` about the file."""
    parts = {
        name: tuple(one for report in reports for one in getattr(report, name))
        for name in ("outputs", "activations", "diagnoses", "side_by_side", "warnings", "pictures")
    }
    known = " ".join(report.unexplained for report in reports if report.unexplained)
    environment = {**reports[-1].environment, **facts}
    found = Report(environment=environment, unexplained=known, **parts)
    # Warnings are about what equality proves.
    return found if found.verdict == "equal" else replace(found, warnings=())
