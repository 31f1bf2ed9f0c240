"""What is in a MAT-file as a page, and the network in it as a picture."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from matlab_compat.display import size_text
from matlab_compat.errors import LayerNotFoundError, MatlabCompatError
from matlab_compat.network import Network
from matlab_compat.network.page import Entry, html_page
from matlab_compat.pages.markup import Markup, element, table
from matlab_compat.shallow import ShallowNetwork

from .choose import choose_network
from .find import Found
from .identify.values import refuse_nothing
from .inspect import Inspecting, document, opened
from .kinds import Standing

if TYPE_CHECKING:
    from matlab_compat.pages.diagram import Diagram


def inspect_page(
    path: str | PathLike[str], variable: str | None = None, **how: Unpack[Inspecting]
) -> str:
    """The page of ``matlab-compat inspect --report``: networks, layers, variables.

    Parameters and errors are those of :func:`.inspect.inspect`; a model that cannot be built is on
    the page, with the reason.

    Returns
    -------
    HTML that needs nothing else, to be written in UTF-8.
    """
    with opened(path, variable, **how) as (mat, found):
        known = document(mat, found, variable)
        found.sort(key=lambda f: -f.standing)  # what is trained goes before what it was made from
        entries = [Entry(f.name, f.class_name, _built(f)) for f in found]
    saved = ", ".join(known[name] for name in ("date", "platform") if known[name])
    facts = {"File": str(path), "MAT-file": f"level {known['level']}"}
    facts |= {"Saved": saved} if saved else {}
    return html_page(Path(path).name, entries, facts, *_variables(known["variables"]))


def _built(found: Found) -> Any:
    try:
        return found.build()
    except MatlabCompatError as error:
        return error


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


def inspect_plot(
    path: str | PathLike[str], variable: str | None = None, **how: Unpack[Inspecting]
) -> Diagram:
    """The picture of the network in a MAT-file: its ``plot()``.

    Parameters
    ----------
    path, variable, how:
        As for :func:`.inspect.inspect`.

    Raises
    ------
    LayerNotFoundError
        There is no network in it.
    AmbiguousLayerError
        There are several, and none was chosen.
    MatlabCompatError
        The file cannot be read, or the network not be built.
    """
    with opened(path, variable, **how) as (mat, found):
        refuse_nothing(mat, found, variable)
        if not any(f.standing > Standing.LAYER for f in found):
            raise LayerNotFoundError("There is a layer but no network in it.", where=(str(path),))
        model = choose_network(found, str(path)).build()
    assert isinstance(model, Network | ShallowNetwork)
    return model.plot()
