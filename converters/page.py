"""What is in a MAT-file as a page, and the network in it as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matlab_compat.display import size_text
from matlab_compat.errors import LayerNotFoundError, MatlabCompatError
from matlab_compat.network import Network
from matlab_compat.network.page import Entry, html_page
from matlab_compat.pages.markup import Markup, element, table
from matlab_compat.shallow import ShallowNetwork

from .choose import choose_network
from .find import Found
from .identify.values import refuse_nothing
from .kinds import Standing
from .matfile import MatFile

if TYPE_CHECKING:
    from matlab_compat.pages.diagram import Diagram


def inspect_page(mat: MatFile, found: Sequence[Found], known: dict[str, Any]) -> str:
    """The page of ``matlab-compat inspect --report``: networks, layers, variables.

    A model that cannot be built is on the page, with the reason.

    Parameters
    ----------
    mat, found:
        What :func:`.inspect.opened` gives.
    known:
        What :func:`.inspect.document` says of them.

    Returns
    -------
    HTML that needs nothing else, to be written in UTF-8.
    """
    # A trained network comes before the layers that it was made from.
    models = sorted(found, key=lambda f: -f.standing)
    entries = []
    for f in models:
        try:
            entries.append(Entry(f.name, f.class_name, f.build()))
        except MatlabCompatError as error:
            entries.append(Entry(f.name, f.class_name, error))
    saved = ", ".join(known[name] for name in ("date", "platform") if known[name])
    facts = {"File": str(mat.path), "MAT-file": f"level {known['level']}"}
    facts |= {"Saved": saved} if saved else {}
    return html_page(mat.path.name, entries, facts, *_variables(known["variables"]))


def _variables(variables: list[dict[str, Any]]) -> list[Markup]:
    """All variables as ``whos`` lists them, and what is known of those that are no models."""
    rows = []
    for one in variables:
        said = [part["what"] for part in one.get("known", [])]
        said += [one["problem"]] if "problem" in one else []
        size = size_text(one["size"])
        rows.append([one["name"], size, f"{one['bytes']:,}", one["class"], "; ".join(said)])
    listed = table(["Name", "Size", "Bytes", "Class", ""], rows)
    return [element("details", element("summary", f"Variables: {len(rows)}"), listed, open="")]


def inspect_plot(mat: MatFile, found: list[Found], variable: str | None = None) -> Diagram:
    """The picture of the network in a MAT-file: its ``plot()``.

    Raises ``LayerNotFoundError``: there is no network in it; ``AmbiguousLayerError``: there are
    several, and none was chosen; ``MatlabCompatError``: the network cannot be built.
    """
    refuse_nothing(mat, found, variable)
    if not any(f.standing > Standing.LAYER for f in found):
        raise LayerNotFoundError("There is a layer but no network in it.", where=(str(mat.path),))
    model = choose_network(found, str(mat.path)).build()
    assert isinstance(model, Network | ShallowNetwork)
    return model.plot()
