"""What the packages above offer, reached from here: ``matlab_compat.load``, and the command line.

``converters`` and ``cli`` are names that others have too: a file ``converters.py`` in the folder
that one works in comes before ours, and then none of this project's functions is where it should
be. Reached from here, the error says which file that is.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UsageError

if TYPE_CHECKING:
    from converters.convert import convert, save
    from converters.load import load
    from converters.matfile import open_mat
    from converters.predict import predict
    from converters.session import session
    from converters.verify import verify

__all__ = ["convert", "load", "open_mat", "predict", "save", "session", "verify"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    check_packages("converters")
    return getattr(import_module("converters"), name)


def main() -> None:
    """The command line; the entry point of ``matlab-compat`` and of ``python -m matlab_compat``."""
    try:
        check_packages("cli", "converters")
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    import_module("cli.main").main()


def check_packages(*names: str) -> None:
    """Raise ``UsageError`` where another module is found under the name of a package of ours."""
    for name in names:
        ours = Path(__file__).parents[1] / name
        spec = find_spec(name)
        if spec is None:
            raise UsageError(
                f"The package '{name}' of matlab-compat is not beside {Path(__file__).parent}.",
                remedy="pip uninstall matlab-compat, then pip install matlab-compat.",
            )
        places = spec.submodule_search_locations or [spec.origin or ""]
        if ours.resolve() not in [Path(place).resolve() for place in places]:
            raise UsageError(
                f"Another module is called '{name}', as a package of matlab-compat is, and comes "
                "before it.",
                where=(spec.origin or str(places[0]),),
                remedy="rename it, or start Python in another folder; if pip installed it, "
                f"pip uninstall {name} matlab-compat, then pip install matlab-compat.",
            )
