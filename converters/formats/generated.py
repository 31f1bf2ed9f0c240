"""Shallow networks out of the functions that ``genFunction`` and the apps write.

Numbers and statements are read, never executed; what is no statement of such a function is refused
with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import UnsupportedFileError
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.shallow.registry import KNOWN

#: Without spaces: what surrounds the arithmetic, in all forms of the function.
_AROUND = re.compile(
    r"""end|else|if~isempty\(X\)|elseif~isempty\([XA]i\)|if\(?nargin<\d\)?,error\('[^']*'\);end
    |isCellX=iscell\(X\)|if~isCellX(,X=\{X\};end)?|if~iscell\(X\),X=\{X\};end|X=\{X\}
    |TS=size\([Xx]1?,2\)|Q=size\([XA]i?\{1\},[12]\)|Q=size\(x1,[12]\)|Q=[01]
    |Y=cell\(\d+,TS\)|Y=cell2mat\(Y\)|y\d+=zeros\(\d+,TS\)|forts=1:(TS|\d+)
    |x(?P<x>\d+)=x(?P=x)'|y(?P<y>\d+)=y(?P=y)'
    |(?P<cell>[XY]\{\d+,ts\})=(?P=cell)'"""
    # States: none given are zeros, they follow the series, and what is left is given back.
    r"""|ifisempty\([XA]i\)|[XA]i=cell\(\d+,\d+\)|[XA]i\(\d+,:\)=\{zeros\(\d+,Q\)\}
    |ifnargin<\d,(?P<i>[xa]i\d+)=zeros\(\d+,\d+\);?end
    |Xd\d+=cell\(1,\d+\)|Ad(?P<A>\d+)=\[Ai\((?P=A),:\),?cell\(1,1\)\]
    |xd(?P<d>\d+)=\[x[di](?P=d),?zeros\(\d+,1\)\]|ad(?P<a>\d+)=\[ai(?P=a),?zeros\(\d+,1\)\]
    |final[xa]ts=TS\+\(1:\d+\)|xits=finalxts\(finalxts<=(?P<n>\d+)\)
    |xts=finalxts\(finalxts>(?P<m>\d+)\)-(?P=m)|ats=mod\(finalats-1,\d+\)\+1
    |[XA]f=cell\(\d+,\d+\)|Xf=\[Xi\(:,xits\),?X\(:,xts\)\]|Af\((?P<f>\d+),:\)=Ad(?P=f)\(:,ats\)
    |xf(?P<o>\d+)=\[xi(?P=o)\(:,xits\),?x(?P=o)\(:,xts\)\]|af(?P<g>\d+)=ad(?P=g)\(:,ats\)""",
    re.VERBOSE,
)
#: A place that goes round, and what lies some steps before it.
_TURN = re.compile(r"([xa])dts=mod\(ts(?:\+(\d{1,6}))?,(\d{1,6})\)\+1")
_TAPS = re.compile(
    r"(tapdelay\d+)=(?:cat\(1,([XA])d(\d+)\{|reshape\(([xa])d(\d+)\(:,)"
    r"mod\(([xa])dts-(\d+|\[(?:\d+(?::\d+)?,?)+\])-1,(\d+)\)\+1(?:\}\)|\),\d+,1\))"
)
_CONSTANT = re.compile(r"((?:[xy]\d+_step\d+|b\d+|[IL]W\d+_\d+))(?:[._](\w+))?=(.*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[Nn]a[Nn]|[Ii]nf)")
_STEP = re.compile(r"([xy]\d+)_step(\d+)")


def read_generated(path: Path) -> ShallowNetwork:
    """The network of a generated function.

    Raises ``UnsupportedFileError``: the file is no such function, or was edited.
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


@dataclass(frozen=True)
class _Term:
    """A weight, and what it weighs: an input ("IW") or a layer ("LW"), from 1, and its delays."""

    function: str
    kind: str
    to: int
    source: int
    delays: tuple[int, ...]

    @property
    def place(self) -> tuple[int, int]:
        """In the cell of weights."""
        return self.to - 1, self.source - 1


class _Function:
    def __init__(self, text: str) -> None:
        self.constants: dict[str, dict[str, Array]] = {}
        #: Transfer function, net input function and terms; a text is a bias.
        self.layers: dict[int, tuple[str, str, list[_Term | str]]] = {}
        self.steps: dict[str, list[tuple[str, int]]] = {}
        self.outputs: dict[str, int] = {}
        #: How many places go round, of inputs and of layers; and what was taken out of them.
        self.turns: dict[str, int] = {}
        self.taps: dict[str, tuple[str, int, tuple[int, ...]]] = {}
        for number, statement in _statements(text):
            self._take(number, statement)

    def _take(self, number: int, statement: str) -> None:
        if _AROUND.fullmatch(statement):
            return
        if found := _CONSTANT.fullmatch(statement):
            name, field, value = found.groups()
            self.constants.setdefault(name, {})[field or ""] = _matrix(number, value)
        elif found := _TURN.fullmatch(statement):
            self.turns[found[1]] = int(found[3])
            if int(found[2] or 0) != int(found[3]) - 2:
                _refuse(number)
        elif found := _TAPS.fullmatch(statement):
            self._tap(number, found)
        elif found := re.fullmatch(
            r"(?:[xX][pd](\d+)|Xd(\d+)\{\w+\}|xd(\d+)\(:,xdts\))=(.*)", statement
        ):
            number_of = next(filter(None, found.groups()))
            if self._processing(number, f"x{number_of}", found[4], "apply") not in _given(
                number_of
            ):
                _refuse(number)
        elif found := re.fullmatch(r"(?:a(\d+)|Ad(\d+)\{adts\}|ad(\d+)\(:,adts\))=(.*)", statement):
            self.layers[int(next(filter(None, found.groups())))] = self._layer(number, found[4])
        elif found := re.fullmatch(r"(?:y(\d+)(?:\(:,ts\))?|Y\{(\d+),ts\})=(.*)", statement):
            name = f"y{found[1] or found[2]}"
            source = self._processing(number, name, found[3], "reverse")
            if layer := re.fullmatch(r"a(\d+)|Ad(\d+)\{adts\}|ad(\d+)\(:,adts\)", source):
                self.outputs[name] = int(next(filter(None, layer.groups())))
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
        self.steps.setdefault(of, []).extend(found)
        return text

    def _tap(self, number: int, found: re.Match[str]) -> None:
        side, source = (found[2] or found[4]).lower(), int(found[3] or found[5])
        turns = self.turns.get(side, 0)
        ends = [int(n) for n in re.findall(r"\d+", found[7])]
        if found[6] != side or turns != int(found[8]) or max(ends) >= turns:
            _refuse(number)
        delays = _delays(found[7])
        self.taps[found[1]] = ("IW" if side == "x" else "LW", source, delays)

    def _layer(self, number: int, text: str) -> tuple[str, str, list[_Term | str]]:
        transfer = "purelin"
        if (call := re.fullmatch(r"(\w+)_apply\((.*)\)", text)) and call[1] in KNOWN["transfer"]:
            transfer, text = call[1], call[2]
        product = ".*" in text
        terms: list[_Term | str] = []
        for term in text.split(".*" if product else "+"):
            if bias := re.fullmatch(r"repmat\((b\d+),1,Q\)|(b\d+)", term):
                terms.append(bias[1] or bias[2])
            elif weight := re.fullmatch(r"(IW|LW)(\d+)_(\d+)\*(\S+)", term):
                terms.append(self._weight(number, "dotprod", *weight.groups()))
            elif weight := re.fullmatch(r"(\w+)_apply\((IW|LW)(\d+)_(\d+),(\S+)\)", term):
                terms.append(self._weight(number, *weight.groups()))
            else:
                _refuse(number)
        return transfer, "netprod" if product else "netsum", terms

    def _weight(
        self, number: int, function: str, kind: str, to: str, source: str, value: str
    ) -> _Term:
        made = (f"a{source}", f"Ad{source}{{adts}}", f"ad{source}(:,adts)")
        whole = _given(source) if kind == "IW" else made
        at_once = (kind, int(source), (0,)) if value in whole else None
        tapped = self.taps.get(value, at_once)
        if function not in KNOWN["weight"] or tapped is None or tapped[:2] != (kind, int(source)):
            _refuse(number)
        return _Term(function, kind, int(to), int(source), tapped[2])

    def network(self) -> ShallowNetwork:
        """What the statements make up."""
        count = len(self.layers)
        weighed = [t for _, _, terms in self.layers.values() for t in terms if isinstance(t, _Term)]
        taken = {kind: {t.source for t in weighed if t.kind == kind} for kind in ("IW", "LW")}
        n, every = len(taken["IW"]), set(range(1, count + 1))
        own = all(
            (term.to if isinstance(term, _Term) else int(term[1:])) == i
            for i, (_, _, terms) in self.layers.items()
            for term in terms
        )
        lacks = taken["IW"] != set(range(1, n + 1)) or not own
        named = taken["LW"] | set(self.outputs.values())
        if set(self.layers) != every or not self.outputs or not named <= every or lacks:
            raise UnsupportedFileError("The function lacks some of its layers, or its output.")
        matrices = {"IW": np.empty((count, n), object), "LW": np.empty((count, count), object)}
        parts = {kind: np.empty_like(cell) for kind, cell in matrices.items()}
        inputs, outputs = np.empty((n, 1), object), np.empty((1, count), object)
        b, layers = np.empty((count, 1), object), np.empty((count, 1), object)
        for term in weighed:
            matrix = self.constants[f"{term.kind}{term.to}_{term.source}"][""]
            matrices[term.kind][term.place] = matrix
            delays = np.array([term.delays], float)
            parts[term.kind][term.place] = {"weightFcn": term.function, "delays": delays}
            if term.kind == "IW":
                rows = matrix.shape[1] // len(term.delays)
                inputs[term.source - 1, 0] = self._part(f"x{term.source}", rows)
        for i, (transfer, combine, terms) in self.layers.items():
            for bias in (term for term in terms if isinstance(term, str)):
                b[i - 1, 0] = self.constants[bias][""]
            size = next(
                w.shape[0] for cell in matrices.values() for w in cell[i - 1] if w is not None
            )
            layers[i - 1, 0] = {"size": size, "transferFcn": transfer, "netInputFcn": combine}
        for name, layer in self.outputs.items():
            outputs[0, layer - 1] = self._part(name, layers[layer - 1, 0]["size"])
        fields = {"inputs": inputs, "layers": layers, "outputs": outputs, "b": b, **matrices}
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
            numbers_apart = re.sub(r"(?<=[\d)]) +(?=[\d(])", ",", code)
            yield number, numbers_apart.replace(" ", "").rstrip(";")


def _matrix(number: int, text: str) -> Array:
    rows = [re.split(r"[\s,]+", row.strip()) for row in text.strip().strip("[]").split(";")]
    if not all(_NUMBER.fullmatch(item) for row in rows for item in row if item):
        _refuse(number)
    numbers = [[float(item) for item in row if item] for row in rows]
    if len({len(row) for row in numbers}) > 1:
        _refuse(number)
    return np.array(numbers)


def _given(source: str) -> tuple[str, ...]:
    """What an input is called, as it is given at a time step or before, and when processed."""
    at = (f"X{{{source},ts}}", f"Xi{{{source},ts}}", f"x{source}(:,ts)")
    held = (f"Xd{source}{{xdts}}", f"xd{source}(:,xdts)")
    return (f"x{source}", f"xp{source}", f"Xp{source}", f"xi{source}", *at, *held)


def _delays(text: str) -> tuple[int, ...]:
    """``1``, ``[1,2]`` or ``[1:3]``."""
    ends = [item.split(":") for item in text.strip("[]").split(",") if item]
    return tuple(d for end in ends for d in range(int(end[0]), int(end[-1]) + 1))


def _refuse(number: int) -> NoReturn:
    raise UnsupportedFileError(
        f"line {number} is not what MATLAB generates; was the file edited?",
        remedy="generate it again with genFunction, or save the network: save('net.mat', 'net').",
    )
