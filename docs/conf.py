"""How Sphinx makes the site of these pages: ``make docs``."""

from __future__ import annotations

from inspect import isclass
from typing import Any

from sphinx.application import Sphinx

import matlab_compat

project = "matlab_compat"
author = "the matlab_compat authors"
release = version = matlab_compat.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# What its pages show is what these files hold: the tests run the notebooks, not the site.
nb_execution_mode = "off"
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
maximum_signature_line_length = 88
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"matlab_compat {release}"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# To show a summary the search would fetch each page, which browsers refuse to a file.
html_show_search_summary = False


def _skips(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Layer classes have no page: the functions that make them say what their properties are."""
    home = getattr(member, "__module__", "")
    is_layer = isclass(member) and home.startswith("matlab_compat.layers.")
    return True if what == "module" and is_layer else None


def _without(app: Sphinx, what: str, name: str, *rest: Any) -> None:
    """The pages of these begin with words of their own."""
    if name in ("converters", "matlab_compat.layers"):
        rest[-1].clear()


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("autodoc-skip-member", _skips)
    app.connect("autodoc-process-docstring", _without)
    return {"parallel_read_safe": True}
