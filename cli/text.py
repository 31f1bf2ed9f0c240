"""Reports as text for people."""

from __future__ import annotations

from typing import Any

from matlab_compat.display import size_text


def inspection(document: dict[str, Any]) -> str:
    """The text of ``inspect``: the file, its variables as ``whos`` lists them, its layers."""
    origin = ", ".join(part for part in (document["platform"], document["date"]) if part)
    lines = [
        f"{document['file']}: MAT-file level {document['level']}{origin and f' ({origin})'}",
        "",
        *_whos(document["variables"]),
    ]
    if "layers" in document:
        lines += ["", "The variables describe a layer:", *_layers(document)]
    for variable in document["variables"]:
        is_model = variable["layers"] or "problem" in variable
        models = [{"path": variable["name"], **variable}] if is_model else []
        for model in [*models, *variable.get("models", [])]:
            lines += ["", *_model(model)]
    return "\n".join(lines)


def _model(model: dict[str, Any]) -> list[str]:
    if "problem" in model:
        return [f"{model['path']}: {_short(model['class'])}, damaged: {model['problem']}"]
    count = _plural(len(model["layers"]), "layer")
    return [f"{model['path']}: {_short(model['class'])}, {count}", *_layers(model)]


def _short(class_name: str) -> str:
    return class_name.rpartition(".")[2]


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _whos(variables: list[dict[str, Any]]) -> list[str]:
    rows = [("Name", "Size", "Bytes", "Class")]
    rows += [(v["name"], size_text(v["size"]), str(v["bytes"]), v["class"]) for v in variables]
    name, size, count = (max(len(row[i]) for row in rows) for i in range(3))
    return [f"  {n:<{name}}  {s:>{size}}  {b:>{count}}  {c}" for n, s, b, c in rows]


def _layers(model: dict[str, Any]) -> list[str]:
    """MATLAB's rows of a layer array, each with the sizes of its learnables under it."""
    layers = model["layers"]
    name = max(len(layer["name"]) + 2 for layer in layers) if layers else 0
    kind = max(len(layer["type"]) for layer in layers) if layers else 0
    lines = []
    for layer in layers:
        quoted = f"'{layer['name']}'"
        lines.append(
            f"{layer['index']:>6}   {quoted:<{name}}   {layer['type']:<{kind}}   "
            f"{layer['description']}".rstrip()
        )
        lines += [f"{'':>{12 + name}}{line}" for line in _details(layer)]
    branches = [pair for pair in model.get("connections", []) if "/" in pair[0] + pair[1]]
    if branches:
        lines += ["   connections to ports:", *(f"      {a} -> {b}" for a, b in branches)]
    return lines


def _details(layer: dict[str, Any]) -> list[str]:
    sizes = [f"{name} {size_text(shape)}" for name, shape in layer["learnables"].items()]
    lines = [", ".join(sizes)] if sizes else []
    if not layer["description"] and layer["hyperparameters"]:
        pairs = [f"{name} {_value(v)}" for name, v in layer["hyperparameters"].items()]
        lines.insert(0, ", ".join(pairs))
    if layer["other"]:
        pairs = [f"{name} {_value(v)}" for name, v in layer["other"].items() if name != "Version"]
        lines += [f"other fields: {', '.join(pairs)}"] if pairs else []
    if "problem" in layer and layer["description"] == "" and "cannot build" not in layer["problem"]:
        lines.append(f"problem: {layer['problem']}")
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f"'{value}'" if isinstance(value, str) and not value.startswith("<") else str(value)


def comparison(output: dict[str, Any]) -> str:
    """The figures of one compared output."""
    lines = [
        f"{output['name']}: {size_text(output['shape'])} {output['dtype']}, {output['reason']}",
        f"  scaled error     {_figure(output['scaled_error'])} of {output['bound']:g} allowed "
        f"({output['rule']})",
        f"  max abs          {_figure(output['max_abs'])}",
        f"  relative L2      {_figure(output['rel_l2'])}",
        f"  outside          {output['outside']} of {output['elements']} elements",
    ]
    if output["oracle_actual"] is not None:
        lines.append(
            f"  float64 oracle   computed here {_figure(output['oracle_actual'])} away, "
            f"expected {_figure(output['oracle_expected'])} away (scaled)"
        )
    if worst := output["worst"]:
        lines.append(
            f"  worst element    {worst['matlab']} in MATLAB, {worst['python']} in Python: "
            f"computed {_figure(worst['actual'], 9)}, expected {_figure(worst['expected'], 9)}"
        )
    strays = {
        "NaN": (output["nan_actual"], output["nan_expected"]),
        "Inf": (output["inf_actual"], output["inf_expected"]),
    }
    for kind, (here, there) in strays.items():
        if here or there:
            lines.append(f"  {kind}              {here} computed, {there} expected")
    return "\n".join(lines)


def _figure(value: float | str, digits: int = 3) -> str:
    return value if isinstance(value, str) else f"{value:.{digits}g}"


def environment(facts: dict[str, str]) -> str:
    """One line on how the figures came about."""
    return (
        f"  computed with    torch {facts['torch']} on {facts['device']}, {facts['dtype']}, "
        f"TF32 {facts['tf32']}; matlab_compat {facts['matlab_compat']}"
    )
