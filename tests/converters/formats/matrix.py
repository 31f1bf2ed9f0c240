"""Every real network to every target: what each conversion showed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import converters
from converters.convert import Converted
from converters.formats import suffixes
from matlab_compat import Network
from matlab_compat.errors import MatlabCompatError
from tests.truth.networks import networks

#: The endings, one of those that mean the same.
SUFFIXES = tuple(suffix for suffix in suffixes() if suffix != ".pth")


@dataclass(frozen=True)
class Cell:
    """One network in one format."""

    done: Converted | None
    #: Why there is none, or why nothing was compared.
    reason: str = ""

    @property
    def exit_code(self) -> int:
        """1 if the outputs differ."""
        return self.done.exit_code if self.done else 0

    @property
    def text(self) -> str:
        """The scaled error, or "-" for a refusal, or "?" where nothing could be compared."""
        if self.done is None:
            return "-"
        errors = [output.scaled_error for output in self.done.outputs]
        return f"{max(errors):.2g}{' DIFFERENT' * self.exit_code}" if errors else "?"


def tried(network: Network, suffix: str, folder: Path) -> Cell:
    """Write, read afresh, run, and remove."""
    try:
        done = converters.save(network, folder / f"network{suffix}")
    except MatlabCompatError as error:
        return Cell(None, error.what.splitlines()[0])
    finally:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Cell(done, "; ".join([done.unchecked, *done.remarks]).strip("; "))


def architecture(network: Network) -> set[Hashable]:
    """One thing, all but the numbers that training changes: it decides how values are written."""
    layers = [(type(layer), layer.description()) for layer in network.Layers]
    return {(network.kind, network.Initialized, *layers)}


def classes(network: Network) -> set[Hashable]:
    """The classes of a network and its layers: they decide how its program is written."""
    state = network.Initialized, bool(network.unsupported)
    return {(*state, each) for each in (network.kind, *map(type, network.Layers))}


def inputs(network: Network) -> set[Hashable]:
    """What goes in: it decides which dimensions of a traced program stay free."""
    forms = () if network.unsupported else network.plan().inputs.values()
    return {(network.Initialized, bool(network.unsupported), *forms)}


def rows(
    real: Path,
    folder: Path,
    endings: Sequence[str] = SUFFIXES,
    largest: float = math.inf,
    wanted: Callable[[Network], bool] = lambda _: True,
) -> Iterator[tuple[str, Network, dict[str, Cell]]]:
    """Each network that is ``wanted`` in files of at most ``largest`` bytes, with its cells."""
    for file in sorted(real.glob("*/*.mat")):
        for path, network in networks(file) if file.stat().st_size <= largest else ():
            if wanted(network):
                cells = {ending: tried(network, ending, folder) for ending in endings}
                yield f"{file.parent.name}/{file.name} > {path}", network, cells
