"""Reports as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from matlab_compat.display import counted, size_text, thousands
from matlab_compat.layers.sizes import Activation
from matlab_compat.table import Table
from matlab_compat.wording import argument


def inspection(document: dict[str, Any], *, summary: bool = False, width: int | None = None) -> str:
    """The text of ``inspect``: the file, its variables as ``whos`` lists them, its layers.

    With ``summary`` networks come without their layers. Rows longer than ``width`` go on below.
    """
    origin = ", ".join(part for part in (document["platform"], document["date"]) if part)
    is_hdf5_of_others = document["level"] == "7.3" and not document["header"]
    kind = (
        "HDF5, and not a MAT-file: MATLAB's save did not write it"
        if is_hdf5_of_others
        else f"MAT-file level {document['level']}"
    )
    lines = [
        f"{document['file']}: {kind}{origin and f' ({origin})'}",
        "",
        *_whos(document["variables"]),
    ]
    if "layers" in document:
        what = f"are one {document['class']}" if "class" in document else "describe a layer"
        rows = [] if summary else _layers(document, width)
        lines += ["", f"The variables {what}:", *rows, *_left_out(document, width)]
    if "loose" in document:
        lines += ["", *_loose("The variables", document["loose"])]
    for variable in document["variables"]:
        is_model = variable["layers"] or "problem" in variable or "loose" in variable
        models = [variable] if is_model else []
        for model in [*models, *variable.get("models", [])]:
            lines += ["", *_model(model, summary, width)]
        for known in variable.get("known", []):
            run = ", which this version does not run" if known["is_model"] else ""
            lines += ["", f"{known['path']}: {known['what']}{run}", *_parameters(known)]
    return "\n".join(lines)


def support(table: Table, width: int | None) -> str:
    """The table of layers; where it is wider than ``width``, what is said of each goes below it."""
    rows = [[*facts, note.replace("``", "").replace("**", "")] for *facts, note in table]
    whole = str(Table.from_rows(list(table.columns), rows))
    if width is None or max(map(len, whole.splitlines())) <= width:
        return whole
    lines = []
    for name, constructor, versions, note in rows:
        seen = [f"saved as version {versions}"] if versions else []
        lines += _wrapped("", ", ".join([name, constructor, *seen]), width)
        lines += _wrapped(" " * 4, note, width)
    return "\n".join(lines)


def _parameters(known: dict[str, Any]) -> list[str]:
    if "parameters" not in known:
        return []
    found = known["parameters"]["arrays"]
    widest = max(len(one["name"]) for one in found)
    lines = [
        f"      {one['name']:<{widest}}   {size_text(one['size'])} {one['class']}"
        + (f" '{one['labels']}'" if one["labels"] else "")
        for one in found
    ]
    return [*lines, f"   {known['parameters']['count']} numbers in {len(found)} arrays"]


def _loose(name: str, loose: dict[str, Any]) -> list[str]:
    """Weights that do not say which layer they belong to, and the options that say it."""
    lines = [f"{name}: {loose['found']}, and nothing says of which layer; by their sizes"]
    lines += [
        f"      {argument('layer_class', kind)}: {text}"
        for kind, text in loose["candidates"].items()
    ]
    return lines if loose["candidates"] else [f"{lines[0]} of none"]


def _model(model: dict[str, Any], summary: bool, width: int | None) -> list[str]:
    if "loose" in model:
        return _loose(model["name"], model["loose"])
    if "problem" in model:
        remedy = [f"   remedy: {model['remedy']}"] if model.get("remedy") else []
        return [f"{model['name']}: {_short(model['class'])}, not read: {model['problem']}", *remedy]
    count = counted(len(model["layers"]), "layer")
    if "view" in model:
        said = [f"not run: {one}" for one in model["problems"]]
        said += [f"note: {one}" for one in model["remarks"]]
        title, *lines = model["view"]
        lines = [] if summary else lines
        return [f"{model['name']}: {title}, {count}", *lines, *(f"  {one}" for one in said)]
    head = f"{model['name']}: {_short(model['class'])}, {count}"
    layers = _not_run(model, width) if summary else _layers(model, width)
    return [head, *layers, *_left_out(model, width)]


def _not_run(model: dict[str, Any], width: int | None) -> list[str]:
    """The names of the layers that their own lines would mark."""
    names = [repr(one["name"]) for one in model["layers"] if "problem" in one]
    return _wrapped("   ", f"not run: {', '.join(names)}", width) if names else []


def _left_out(model: dict[str, Any], width: int | None) -> list[str]:
    """The sums over a network, what is wrong with it and what to do, and what is not in it."""
    remedies = [one["remedy"] for one in model["layers"] if one.get("remedy")]
    said = [
        *_totals(model),
        *map(_finding, model.get("findings", ())),
        *(f"remedy: {one}" for one in remedies[:1]),
        *model.get("left_out", ()),
    ]
    return [line for one in said for line in _wrapped(" " * 3, one, width)]


def _totals(model: dict[str, Any]) -> list[str]:
    if "totals" not in model:
        return []
    totals = model["totals"]
    lines = [
        f"in all {thousands(totals['parameters'])} parameters "
        f"({thousands(totals['parameter_bytes'])} bytes with states), "
        f"{thousands(totals['multiply_adds'])} multiply-adds for one observation"
    ]
    left_out = totals["uncounted"]
    if left_out:
        names = ", ".join(f"'{name}'" for name in left_out[:5])
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        lines.append(f"multiply-adds not known of {names}{more}")
    return lines


def _finding(finding: dict[str, str]) -> str:
    where = f"'{finding['where']}': " if finding["where"] else ""
    return f"warning: {where}{finding['text']}"


def _short(class_name: str) -> str:
    return class_name.rpartition(".")[2]


def _whos(variables: list[dict[str, Any]]) -> list[str]:
    rows = [("Name", "Size", "Bytes", "Class")]
    rows += [(v["name"], size_text(v["size"]), str(v["bytes"]), _class(v)) for v in variables]
    name, size, count = (max(len(row[i]) for row in rows) for i in range(3))
    return [f"  {n:<{name}}  {s:>{size}}  {b:>{count}}  {c}" for n, s, b, c in rows]


def _class(variable: dict[str, Any]) -> str:
    carried = variable.get("labels") or variable.get("time_zone")
    return f"{variable['class']} '{carried}'" if carried else str(variable["class"])


def _layers(model: dict[str, Any], width: int | None) -> list[str]:
    """MATLAB's rows of a layer array, each with its sizes under it; ``!`` where it is not run."""
    layers = model["layers"]
    name = max(len(layer["name"]) + 2 for layer in layers) if layers else 0
    kind = max(len(layer["type"]) for layer in layers) if layers else 0
    lines = []
    for layer in layers:
        quoted = f"'{layer['name']}'"
        index = f"{'! ' if 'problem' in layer or 'refused' in layer else ''}{layer['index']}"
        start = f"{index:>6}   {quoted:<{name}}   {layer['type']:<{kind}}   "
        lines += _wrapped(start, layer["description"], width)
        for line in _details(layer):
            lines += _wrapped(" " * (12 + name), line, width)
    branches = [pair for pair in model.get("connections", []) if "/" in pair[0] + pair[1]]
    if branches:
        lines += ["   connections to ports:", *(f"      {a} -> {b}" for a, b in branches)]
    return lines


def _wrapped(start: str, text: str, width: int | None) -> list[str]:
    """``start`` and ``text``, which goes on below itself where that is longer than ``width``."""
    if width is None:
        return [f"{start}{text}".rstrip()]
    first, *rest = textwrap.wrap(text, max(width - len(start), 20)) or [""]
    return [f"{start}{first}".rstrip(), *(f"{'':>{len(start)}}{line}" for line in rest)]


def _sizes(layer: dict[str, Any]) -> list[str]:
    if "activations" not in layer:
        return []
    outputs = [
        "-" if one is None else str(Activation(tuple(one["size"]), one["labels"]))
        for one in layer["activations"]
    ]
    return [
        f"{' and '.join(outputs)}, {thousands(layer['parameters'])} parameters, "
        f"{thousands(layer['multiply_adds'])} multiply-adds"
    ]


def _details(layer: dict[str, Any]) -> list[str]:
    sizes = [f"{name} {size_text(shape)}" for name, shape in layer["learnables"].items()]
    lines = [*_sizes(layer), *([", ".join(sizes)] if sizes else [])]
    if not layer["description"] and layer["hyperparameters"]:
        pairs = [f"{name} {_value(v)}" for name, v in layer["hyperparameters"].items()]
        lines.insert(0, ", ".join(pairs))
    if layer["other"]:
        pairs = [f"{name} {_value(v)}" for name, v in layer["other"].items() if name != "Version"]
        lines += [f"other fields: {', '.join(pairs)}"] if pairs else []
    if "code" in layer:
        lines += _code(layer["code"])
    if "refused" in layer and "code" not in layer:
        lines.append(f"not run: {layer['refused']}")
    if "problem" in layer:
        lines.append(f"problem: {layer['problem']}")
    return lines


def _code(about: dict[str, Any]) -> Iterator[str]:
    """What a custom layer of the user's code was read as."""
    yield f"code: {about['file']}"
    properties = ", ".join(about["matched"]) or "none"
    trains = f"; trains {', '.join(about['trains'])}" if about["trains"] else ""
    yield f"its properties are the file's: {properties}{trains}"
    if about["functions"]:
        yield f"functions: {', '.join(about['functions'])}"
    others = [file for file in about["files"] if file != about["file"]]
    if others:
        yield f"other files: {', '.join(others)}"
    if "problems" in about:
        yield from (f"not run: {problem}" for problem in about["problems"])
    elif about["exports"]:
        yield f"runs on '{about['labels']}' data; not exported: {about['exports']}"
    else:
        yield f"runs on '{about['labels']}' data and can be exported"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f"'{value}'" if isinstance(value, str) and not value.startswith("<") else str(value)
