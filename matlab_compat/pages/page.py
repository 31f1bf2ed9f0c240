"""One HTML page that needs nothing else: no network, no other files, and only its own script."""

from __future__ import annotations

import base64
import hashlib

from .markup import Markup, element, joined, themed

# No-one but the page itself may supply anything, whatever a name in a file may try.
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'{script}">
<meta name="viewport" content="width=device-width, initial-scale=1">
"""

_STYLE = (
    ":root { color-scheme: light dark; }\n"
    + themed(":root")
    + """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .4rem 0; } .quiet, figcaption { color: var(--quiet); }
a { color: var(--bar); }
code, pre, td { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace;
  font-size: .9em; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 700; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .3rem 0; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: normal; }
th[scope=row] { font-weight: 500; white-space: nowrap; }
.figures th[scope=row] { color: var(--quiet); } .figures td { overflow-wrap: anywhere; }
figure { margin: 0; } figcaption { font-size: .85rem; margin-top: .2rem; max-width: 20rem; }
figcaption b { display: block; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
.bar { fill: var(--bar); }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
"""
)


def page(title: str, *body: str, style: str = "", script: str = "") -> str:
    """The text of a page, to be written in UTF-8.

    Parameters
    ----------
    title:
        Of the window.
    body:
        Elements.
    style:
        CSS after that of all pages.
    script:
        The one script that the page may run; it is named by its hash, so that no other runs.
    """
    allowed, scripts = "", []
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        allowed = f"; script-src 'sha256-{digest}'"
        scripts = [element("script", Markup(script))]
    head = joined(element("title", title), element("style", Markup(_STYLE + style)))
    whole = joined(head, Markup("</head>"), element("body", *body, *scripts))
    return _HEAD.format(script=allowed) + whole + "</html>\n"
