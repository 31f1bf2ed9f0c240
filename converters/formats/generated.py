"""Shallow networks out of the functions that ``genFunction`` and the apps write.

Numbers and statements are read, never executed; what is no statement of such a function is refused
with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import UnsupportedFileError, UnsupportedModelError
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.shallow.registry import KNOWN

#: Without spaces: what surrounds the arithmetic, in all forms of the function.
_AROUND = re.compile(
    r"end|else|if~isempty\(X\)|isCellX=iscell\(X\)|if~isCellX(,X=\{X\};end)?|if~iscell\(X\),X=\{X\};end"
    r"|TS=size\(X,2\)|Q=size\(X\{1\},2\)|Q=size\(x1,[12]\)|Q=0|Y=cell\(\d+,TS\)|forts=1:TS"
    r"|Xf=cell\(\d+,0\)|Af=cell\(\d+,0\)|Y=cell2mat\(Y\)|x(\d+)=x\2'|y(\d+)=y\3'"
)
_DELAYED = re.compile(r"tapdelay|Xd\d|Ad\d|xdts|adts|nargin|xd\d|xi\d|ai\d")
_CONSTANT = re.compile(r"((?:[xy]\d+_step\d+|b\d+|[IL]W\d+_\d+))(?:[._](\w+))?=(.*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[Nn]a[Nn]|[Ii]nf)")
_STEP = re.compile(r"([xy]\d+)_step(\d+)")


def read_generated(path: Path) -> ShallowNetwork:
    """The network of a generated function.

    Raises
    ------
    UnsupportedFileError
        The file is no such function, or was edited.
    UnsupportedModelError
        It has delays.
    """
    try:
        return _Function(_text(path)).network()
    except (KeyError, StopIteration) as error:
        what = f": {error}" if isinstance(error, KeyError) else ""
        raise UnsupportedFileError(f"The function lacks some of its constants{what}.") from None


def is_generated(path: Path) -> bool:
    """Whether the file is a function of a neural network."""
    try:
        return "NEURAL NETWORK CONSTANTS" in _text(path)
    except OSError:
        return False


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


class _Function:
    """The statements of the first function of the file."""

    def __init__(self, text: str) -> None:
        self.constants: dict[str, dict[str, Array]] = {}
        self.layers: dict[int, tuple[str, str, list[str]]] = {}
        self.steps: dict[str, list[tuple[str, int]]] = {}
        self.outputs: dict[str, int] = {}
        for number, statement in _statements(text):
            self._take(number, statement)

    def _take(self, number: int, statement: str) -> None:
        if _AROUND.fullmatch(statement):
            return
        if _DELAYED.search(statement):
            raise UnsupportedModelError(
                f"line {number} has delays: only functions without them are read",
                remedy="load the network object: save('net.mat', 'net') in MATLAB.",
            )
        if found := _CONSTANT.fullmatch(statement):
            name, field, value = found.groups()
            self.constants.setdefault(name, {})[field or ""] = _matrix(number, value)
        elif found := re.fullmatch(r"[xX]p(\d+)=(.*)", statement):
            self._processing(number, f"x{found[1]}", found[2], "apply")
        elif found := re.fullmatch(r"a(\d+)=(.*)", statement):
            self.layers[int(found[1])] = _layer(number, found[2])
        elif found := re.fullmatch(r"(?:y(\d+)|Y\{(\d+),ts\})=(.*)", statement):
            name = f"y{found[1] or found[2]}"
            source = self._processing(number, name, found[3], "reverse")
            if layer := re.fullmatch(r"a(\d+)", source):
                self.outputs[name] = int(layer[1])
            elif source != name:
                _refuse(number)
        else:
            _refuse(number)

    def _processing(self, number: int, of: str, text: str, way: str) -> str:
        """The functions around a value, innermost first; what the value is."""
        found: list[tuple[str, int]] = []
        while call := re.fullmatch(rf"(\w+)_{way}\((.*?),(\w+_step\d+)([._\w,]*)\)", text):
            step = _STEP.fullmatch(re.sub(r"_(gain|xoffset|ymin)$", "", call[3]))
            if call[1] not in KNOWN["processing"] or step is None or step[1] != of:
                _refuse(number)
            found.insert(0, (call[1], int(step[2])))
            text = call[2]
        if not re.fullmatch(r"[xX]p?\d+|X\{\d+,ts\}|a\d+|y\d+", text):
            _refuse(number)
        self.steps.setdefault(of, []).extend(found)
        return text

    def network(self) -> ShallowNetwork:
        """What the statements make up."""
        count = len(self.layers)
        given = [term.split(",") for _, _, terms in self.layers.values() for term in terms]
        n = max((int(one[3]) for one in given if one[1:2] == ["IW"]), default=0)
        if set(self.layers) != set(range(1, count + 1)) or not self.outputs:
            raise UnsupportedFileError("The function lacks some of its layers, or its output.")
        IW, LW = np.empty((count, n), object), np.empty((count, count), object)
        weights: dict[str, Any] = {"IW": IW, "LW": LW}
        parts = {kind: np.empty_like(matrix) for kind, matrix in weights.items()}
        b, layers = np.empty((count, 1), object), np.empty((count, 1), object)
        for i, (transfer, combine, terms) in self.layers.items():
            for term in terms:
                if bias := re.fullmatch(r"b(\d+)", term):
                    b[i - 1, 0] = self.constants[bias[0]][""]
                    continue
                function, kind, to, source = term.split(",")
                place = int(to) - 1, int(source) - 1
                weights[kind][place] = self.constants[f"{kind}{to}_{source}"][""]
                parts[kind][place] = {"weightFcn": function}
            size = next(
                w.shape[0] for kind in weights for w in weights[kind][i - 1] if w is not None
            )
            layers[i - 1, 0] = {"size": size, "transferFcn": transfer, "netInputFcn": combine}
        inputs, outputs = np.empty((n, 1), object), np.empty((1, count), object)
        for j in range(n):
            columns = next(w.shape[1] for w in IW[:, j] if w is not None)
            inputs[j, 0] = self._part(f"x{j + 1}", columns)
        for name, layer in self.outputs.items():
            outputs[0, layer - 1] = self._part(name, layers[layer - 1, 0]["size"])
        fields = {"inputs": inputs, "layers": layers, "outputs": outputs, "b": b, **weights}
        names = {"inputWeights": parts["IW"], "layerWeights": parts["LW"]}
        return ShallowNetwork.from_fields({**fields, **names})

    def _part(self, of: str, size: int) -> dict[str, Any]:
        """An input or output: the size that the user sees, and its processing."""
        steps = sorted(set(self.steps.get(of, [])), key=lambda step: step[1])
        settings = [self.constants.get(f"{of}_step{k}", {}) for _, k in steps]
        for one in reversed(settings):
            if "keep" in one:
                size = one["keep"].size + one["remove"].size
        cells = np.empty((2, 1, len(steps)), object)
        for k, (name, _) in enumerate(steps):
            cells[0, 0, k], cells[1, 0, k] = name, settings[k]
        return {"size": size, "processFcns": cells[0], "processSettings": cells[1]}


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of the first function without spaces and comments, with their lines."""
    functions, waiting = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("%")[0].strip()
        if re.match(r"function\b", code):
            functions += 1
            called = re.search(r"=\s*(\w+?)(?:_\w+)?\(", code)
            known = set().union(*KNOWN.values())
            if functions > 1 and (called is None or called[1] not in known):
                _refuse(number)
            continue
        if functions != 1 or not code:
            continue
        if code.endswith("..."):
            waiting += code.removesuffix("...")
            continue
        code, waiting = waiting + code, ""
        is_constant = _CONSTANT.fullmatch(code.replace(" ", "").rstrip(";"))
        if is_constant:
            name, _, value = code.partition("=")
            yield number, f"{name.replace(' ', '')}={value.strip().rstrip(';')}"
        else:
            yield number, code.replace(" ", "").rstrip(";")


def _matrix(number: int, text: str) -> Array:
    """Numbers in brackets, or one."""
    rows = [re.split(r"[\s,]+", row.strip()) for row in text.strip().strip("[]").split(";")]
    if not all(_NUMBER.fullmatch(item) for row in rows for item in row if item):
        _refuse(number)
    numbers = [[float(item) for item in row if item] for row in rows]
    if len({len(row) for row in numbers}) > 1:
        _refuse(number)
    return np.array(numbers)


def _layer(number: int, text: str) -> tuple[str, str, list[str]]:
    """Transfer function, net input function, and the terms."""
    transfer = "purelin"
    if (call := re.fullmatch(r"(\w+)_apply\((.*)\)", text)) and call[1] in KNOWN["transfer"]:
        transfer, text = call[1], call[2]
    product = ".*" in text
    terms = []
    for term in text.split(".*" if product else "+"):
        if bias := re.fullmatch(r"repmat\((b\d+),1,Q\)", term):
            terms.append(bias[1])
        elif weight := re.fullmatch(r"(IW|LW)(\d+)_(\d+)\*(\S+)", term):
            terms.append(_weight(number, "dotprod", *weight.groups()))
        elif weight := re.fullmatch(r"(\w+)_apply\((IW|LW)(\d+)_(\d+),(\S+)\)", term):
            terms.append(_weight(number, *weight.groups()))
        else:
            _refuse(number)
    return transfer, "netprod" if product else "netsum", terms


def _weight(number: int, function: str, kind: str, to: str, source: str, value: str) -> str:
    wanted = rf"[xX]p?{source}|X\{{{source},ts\}}" if kind == "IW" else f"a{source}"
    if function not in KNOWN["weight"] or not re.fullmatch(wanted, value):
        _refuse(number)
    return f"{function},{kind},{to},{source}"


def _refuse(number: int) -> NoReturn:
    raise UnsupportedFileError(
        f"line {number} is not what MATLAB generates; was the file edited?",
        remedy="generate it again with genFunction, or save the network: save('net.mat', 'net').",
    )
