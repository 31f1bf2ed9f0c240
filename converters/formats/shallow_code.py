"""Shallow networks as code: constants and plain arithmetic, in MATLAB's language and in PyTorch.

The MATLAB function is written as ``genFunction`` writes one: it needs no toolbox, and runs in
Octave. Samples (of a series the time steps) are its columns; of the PyTorch module they are rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.display import one_line
from matlab_compat.shallow import ShallowNetwork
from matlab_compat.shallow.checks import computing_order
from matlab_compat.shallow.processing import Projection, Resolved, Scaling, Selection, resolve
from matlab_compat.shallow.registry import KNOWN

from .python_style import module_class, signature, statement

#: The taps of a weight: of "IW" or "LW", to a layer, from an input or layer; and whether a
#: statement of their own gives them a name.
Taps = Callable[[str, int, int], tuple[str, bool]]


def _at(step: str, later: int) -> str:
    """A place in a series that begins with what was before it."""
    return f"{step} + {later}" if later else step


def refusal(net: ShallowNetwork) -> str:
    """The function of the user's own that has no text; '' if there is none."""
    used = [("transfer", layer.transferFcn) for layer in net.layers]
    used += [("net input", layer.netInputFcn) for layer in net.layers]
    weights = (*net.inputWeights.values(), *net.layerWeights.values())
    used += [("weight", one.weightFcn) for one in weights]
    return next((f"'{n}' is a function of your own" for w, n in used if n not in KNOWN[w]), "")


def constants(net: ShallowNetwork) -> Iterator[tuple[str, str, Array]]:
    """The constants by the names of genFunction: ``x1_step1``, its field, the value; ``b1``, ''."""
    for prefix, steps in _steps(net).items():
        for k, (_, one) in enumerate(steps, 1):
            yield from ((f"{prefix}_step{k}", name, value) for name, value in _fields(one).items())
    for i, bias in enumerate(net.b, 1):
        if bias is not None:
            yield f"b{i}", "", bias.reshape(-1, 1)
    for kind, matrices in (("IW", net.IW), ("LW", net.LW)):
        for (i, j), matrix in np.ndenumerate(matrices):
            if matrix is not None:
                yield f"{kind}{i + 1}_{j + 1}", "", matrix


def _steps(net: ShallowNetwork) -> dict[str, list[tuple[str, Resolved]]]:
    """What is done to each input and output, by their names."""
    found = {f"x{j}": resolve(one, one.size, "")[0] for j, one in enumerate(net.inputs, 1)}
    for k, i in enumerate(net.output_layers, 1):
        output = net.outputs[i]
        assert output is not None
        found[f"y{k}"] = resolve(output, output.size, "")[0]
    return found


def _fields(one: Resolved) -> dict[str, Array]:
    """The settings of a step under MATLAB's names, columns but for rows (from 1)."""
    if isinstance(one, Scaling):
        values = {"xoffset": one.xoffset, "gain": one.gain, "ymin": one.ymin}
        return {name: value.reshape(-1, 1) for name, value in values.items()}
    if isinstance(one, Projection):
        made = {"transform": one.transform}
        return made if one.inverse is None else {**made, "inverseTransform": one.inverse}
    rows = {"keep": one.keep[np.newaxis] + 1.0, "remove": one.remove[np.newaxis] + 1.0}
    return {**rows, "constants": one.constants.reshape(-1, 1)}


@dataclass(frozen=True)
class Language:
    """How the arithmetic is written."""

    #: By MATLAB's name; ``{n}`` is the net input.
    transfer: Mapping[str, str]
    #: ``{w}`` are the weights, ``{p}`` is what they weigh.
    weight: Mapping[str, str]
    product: str
    #: Processing functions, and the same in reverse; ``{s}`` is the constant of the step.
    forth: Mapping[type[Resolved], str]
    back: Mapping[type[Resolved], str]
    #: A constant, and a bias for all samples.
    constant: str = "{}"
    bias: str = "{}"

    def processing(
        self, net: ShallowNetwork, prefix: str, *, back: bool = False
    ) -> list[Callable[[str], str]]:
        """The processing functions of an input or output, each from a text to a text."""
        forms = self.back if back else self.forth

        def written(form: str, k: int) -> Callable[[str], str]:
            step = self.constant.format(f"{prefix}_step{k}")
            return lambda x: form.format(x=x, s=step)

        steps = enumerate(_steps(net)[prefix], 1)
        found = [written(forms[type(one)], k) for k, (_, one) in steps]
        return found[::-1] if back else found

    def processed(self, net: ShallowNetwork, prefix: str, x: str, *, back: bool = False) -> str:
        """All of them, one inside the other."""
        for step in self.processing(net, prefix, back=back):
            x = step(x)
        return x

    def layers(self, net: ShallowNetwork, taps: Taps) -> Iterator[tuple[int, list[str], str]]:
        """The layers, from 0, in order: what is stated before, and the output's expression."""
        for i in computing_order(net) or []:
            layer, before = net.layers[i], list[str]()
            terms = [] if net.b[i] is None else [self.bias.format(f"b{i + 1}")]
            for kind, weights in (("IW", net.inputWeights), ("LW", net.layerWeights)):
                for (to, j), weight in sorted(weights.items()):
                    if to == i:
                        w = self.constant.format(f"{kind}{i + 1}_{j + 1}")
                        p, apart = taps(kind, i, j)
                        if apart:
                            before.append(f"tapdelay{len(before) + 1} = {p}")
                            p = f"tapdelay{len(before)}"
                        terms.append(self.weight[weight.weightFcn].format(w=w, p=p))
            n = (f" {self.product} " if layer.netInputFcn == "netprod" else " + ").join(terms)
            yield i, before, self.transfer[layer.transferFcn].format(n=n)


# --- MATLAB ----------------------------------------------------------------------------------

_SHARE = "a = bsxfun(@rdivide,a,sum(a,1));"
_NAN = "a(isnan(n)) = nan;"
#: The lines of each transfer function ``a = NAME_apply(n)``.
_TRANSFER = {
    "tansig": ("a = 2 ./ (1 + exp(-2*n)) - 1;",),
    "logsig": ("a = 1 ./ (1 + exp(-n));",),
    "softmax": ("a = exp(bsxfun(@minus,n,max(n,[],1)));", _SHARE),
    "poslin": ("a = max(0,n);", _NAN),
    "satlin": ("a = max(0,min(1,n));", _NAN),
    "satlins": ("a = max(-1,min(1,n));", _NAN),
    "hardlim": ("a = double(n >= 0);", _NAN),
    "hardlims": ("a = 2*(n >= 0) - 1;", _NAN),
    "radbas": ("a = exp(-(n.*n));",),
    "radbasn": ("a = exp(-(n.*n));", _SHARE),
    "tribas": ("a = max(0,1-abs(n));", _NAN),
    "netinv": ("a = 1 ./ n;",),
    "elliotsig": ("a = n ./ (1 + abs(n));",),
    "elliot2sig": ("a = sign(n) .* (n.*n) ./ (1 + n.*n);",),
    "compet": (
        "[~,rows] = max(n,[],1);",
        "a = zeros(size(n));",
        "a(sub2ind(size(n),rows,1:size(n,2))) = 1;",
    ),
}

#: The module functions of the file, as far as they are used.
_FUNCTIONS = {
    "mapminmax_apply": (
        "y = mapminmax_apply(x,settings)",
        "y = bsxfun(@minus,x,settings.xoffset);",
        "y = bsxfun(@times,y,settings.gain);",
        "y = bsxfun(@plus,y,settings.ymin);",
    ),
    "mapminmax_reverse": (
        "x = mapminmax_reverse(y,settings)",
        "x = bsxfun(@minus,y,settings.ymin);",
        "x = bsxfun(@rdivide,x,settings.gain);",
        "x = bsxfun(@plus,x,settings.xoffset);",
    ),
    "removeconstantrows_apply": (
        "y = removeconstantrows_apply(x,settings)",
        "y = x(settings.keep,:);",
    ),
    "removeconstantrows_reverse": (
        "x = removeconstantrows_reverse(y,settings)",
        "x = zeros(numel(settings.keep)+numel(settings.remove),size(y,2));",
        "x(settings.keep,:) = y;",
        "x(settings.remove,:) = repmat(settings.constants,1,size(y,2));",
    ),
    "processpca_apply": ("y = processpca_apply(x,settings)", "y = settings.transform * x;"),
    "processpca_reverse": (
        "x = processpca_reverse(y,settings)",
        "x = settings.inverseTransform * y;",
    ),
    **{f"{name}_apply": (f"a = {name}_apply(n)", *lines) for name, lines in _TRANSFER.items()},
    **{
        f"{name}_apply": (
            f"z = {name}_apply(w,p)",
            "z = zeros(size(w,1),size(p,2));",
            "for q = 1:size(p,2)",
            "  d = bsxfun(@minus,w,p(:,q)');",
            f"  z(:,q) = {measure};",
            "end",
        )
        for name, measure in {
            "dist": "sqrt(sum(d.^2,2))",
            "negdist": "-sqrt(sum(d.^2,2))",
            "mandist": "sum(abs(d),2)",
            "boxdist": "max(abs(d),[],2)",
        }.items()
    },
    "normprod_apply": (
        "z = normprod_apply(w,p)",
        "z = bsxfun(@rdivide,w*p,sum(p,1));",
    ),
}


#: By what they do: mapstd computes as mapminmax.
_MODULES: dict[type[Resolved], str] = {
    Scaling: "mapminmax",
    Selection: "removeconstantrows",
    Projection: "processpca",
}
#: As ``genFunction`` writes it.
_MATLAB = Language(
    transfer={n: "{n}" if n == "purelin" else f"{n}_apply({{n}})" for n in KNOWN["transfer"]},
    weight={name: f"{name}_apply({{w}},{{p}})" for name in KNOWN["weight"]}
    | dict.fromkeys(("dotprod", "scalprod"), "{w}*{p}"),
    product=".*",
    forth={kind: f"{name}_apply({{x}},{{s}})" for kind, name in _MODULES.items()},
    back={kind: f"{name}_reverse({{x}},{{s}})" for kind, name in _MODULES.items()},
    bias="repmat({},1,Q)",
)


def matlab_function(net: ShallowNetwork, name: str) -> str:
    """The text of ``NAME.m``."""
    given, results = ([one[0].lower() + one[1:] for one in ports] for ports in net.ports())
    arguments = given if net.inputs else ["TS", *given]
    body = list((_dynamic if net.is_dynamic else _static)(net))
    text = "\n".join(body)
    used = [lines for called, lines in _FUNCTIONS.items() if f"{called}(" in text]
    columns = "a time step" if net.is_dynamic else "a sample"
    said = one_line(net.name) or "Shallow neural network"
    lines = [
        f"function [{','.join(results)}] = {name}({','.join(arguments)})",
        f"%{name.upper()} neural network simulation function.",
        "%",
        f"% {said}; each column of its matrices is {columns}.",
        *_said(net, arguments),
        "",
        "% ===== NEURAL NETWORK CONSTANTS =====",
        "",
        *(f"{of}{f'.{part}' if part else ''} = {_matrix(v)};" for of, part, v in constants(net)),
        "",
        "% ===== SIMULATION ========",
        "",
        *body,
        "end",
        "",
        "% ===== MODULE FUNCTIONS ========",
    ]
    for head, *inner in used:
        lines += ["", f"function {head}", *(f"  {line}" for line in inner), "end"]
    return "\n".join([*lines, ""])


def _said(net: ShallowNetwork, arguments: list[str]) -> list[str]:
    if not net.is_dynamic:
        return []
    states = ", ".join(one for one in arguments if one[1:2] == "i")
    return [f"% What was before the first step, oldest first, is in {states}; by default zeros."]


def _matrix(value: Array) -> str:
    """Numbers that read back exactly."""
    rows = (" ".join(_figure(float(x)) for x in row) for row in np.atleast_2d(value))
    text = ";".join(rows)
    return text if value.size == 1 else f"[{text}]"


def _figure(x: float) -> str:
    return "nan" if np.isnan(x) else repr(x)


def _static(net: ShallowNetwork) -> Iterator[str]:
    yield "Q = size(x1,2);"
    for j in range(1, net.numInputs + 1):
        yield f"xp{j} = {_MATLAB.processed(net, f'x{j}', f'x{j}')};"
    yield ""

    def taps(kind: str, i: int, j: int) -> tuple[str, bool]:
        return (f"xp{j + 1}" if kind == "IW" else f"a{j + 1}"), False

    for i, _, expression in _MATLAB.layers(net, taps):
        yield f"a{i + 1} = {expression};"
    yield ""
    for k, i in enumerate(net.output_layers, 1):
        yield f"y{k} = {_MATLAB.processed(net, f'y{k}', f'a{i + 1}', back=True)};"


def _dynamic(net: ShallowNetwork) -> Iterator[str]:
    """What was before lies in places that go round, as many as the longest delay and one."""
    language = replace(_MATLAB, bias="{}")  # of one time step, a column
    count = {"x": net.numInputDelays, "a": net.numLayerDelays}
    given = [name[0].lower() + name[1:] for name in net.ports()[0]]
    states = [name for name in given if name[1] == "i"]
    first = len(given) - len(states) + (not net.inputs)
    for n, state in enumerate(states, first + 1):
        part = (net.inputs if state[0] == "x" else net.layers)[int(state[2:]) - 1]
        yield f"if nargin < {n}, {state} = zeros({part.size},{count[state[0]]}); end"
    if net.inputs:
        yield "TS = size(x1,2);"
    #: The rows of what goes round.
    rows: dict[str, int] = {}
    for state in states:
        number, before = int(state[2:]), state
        held = f"{state[0]}d{number}"
        if state[0] == "a":
            rows[held] = net.layers[number - 1].size
        else:
            _, rows[held] = resolve(net.inputs[number - 1], net.inputs[number - 1].size, "")
            processed = language.processed(net, f"x{number}", state)
            if processed != state:
                yield f"{held} = {processed};"
                before = held
        yield f"{held} = [{before} zeros({rows[held]},1)];"

    def at(side: str, number: int) -> str:
        """Where the value of this time step is."""
        held = f"{side}d{number}"
        alone = f"xp{number}" if side == "x" else f"a{number}"
        return f"{held}(:,{side}dts)" if held in rows else alone

    ends = list(enumerate(net.output_layers, 1))
    yield from (f"y{n} = zeros({net.outputs[i].size},TS);" for n, i in ends)  # type: ignore[union-attr]
    yield "for ts = 1:TS"
    for side in dict.fromkeys(state[0] for state in states):
        yield f"  {side}dts = mod(ts+{count[side] - 1},{count[side] + 1})+1;"
    for j in range(1, net.numInputs + 1):
        yield f"  {at('x', j)} = {language.processed(net, f'x{j}', f'x{j}(:,ts)')};"

    def taps(kind: str, i: int, j: int) -> tuple[str, bool]:
        side, weights = ("x", net.inputWeights) if kind == "IW" else ("a", net.layerWeights)
        held, delays = f"{side}d{j + 1}", weights[i, j].delays
        if delays == (0,):
            return at(side, j + 1), False
        shown = " ".join(map(str, delays))
        places = f"mod({side}dts-[{shown}]-1,{count[side] + 1})+1"
        return f"reshape({held}(:,{places}),{rows[held] * len(delays)},1)", True

    for i, stated, expression in language.layers(net, taps):
        yield from (f"  {one};" for one in stated)
        yield f"  {at('a', i + 1)} = {expression};"
    for n, i in ends:
        yield f"  y{n}(:,ts) = {language.processed(net, f'y{n}', at('a', i + 1), back=True)};"
    yield "end"
    if any(state[0] == "x" for state in states):
        yield f"finalxts = TS+(1:{count['x']});"
        yield f"xits = finalxts(finalxts<={count['x']});"
        yield f"xts = finalxts(finalxts>{count['x']})-{count['x']};"
    if any(state[0] == "a" for state in states):
        yield f"finalats = TS+(1:{count['a']});"
        yield f"ats = mod(finalats-1,{count['a'] + 1})+1;"
    for state in states:
        k = state[2:]
        kept = f"[xi{k}(:,xits) x{k}(:,xts)]" if state[0] == "x" else f"ad{k}(:,ats)"
        yield f"{state[0]}f{k} = {kept};"


# --- PyTorch -----------------------------------------------------------------------------------


#: With features in the last dimension.
_TORCH = Language(
    transfer={
        "compet": "one_hot({n})",
        "elliot2sig": "elliot2sig({n})",
        "elliotsig": "functional.softsign({n})",
        "hardlim": "hardlim({n})",
        "hardlims": "2 * hardlim({n}) - 1",
        "logsig": "torch.sigmoid({n})",
        "netinv": "torch.reciprocal({n})",
        "poslin": "torch.relu({n})",
        "purelin": "{n}",
        "radbas": "torch.exp(-({n}).square())",
        "radbasn": "torch.softmax(-({n}).square(), -1)",
        "satlin": "({n}).clamp(0, 1)",
        "satlins": "({n}).clamp(-1, 1)",
        "softmax": "torch.softmax({n}, -1)",
        "tansig": "torch.tanh({n})",
        "tribas": "torch.relu(1 - ({n}).abs())",
    },
    weight={
        "boxdist": "({p}[..., None, :] - {w}).abs().amax(-1)",
        "dist": "({p}[..., None, :] - {w}).square().sum(-1).sqrt()",
        "dotprod": "functional.linear({p}, {w})",
        "mandist": "({p}[..., None, :] - {w}).abs().sum(-1)",
        "negdist": "-({p}[..., None, :] - {w}).square().sum(-1).sqrt()",
        "normprod": "functional.linear({p}, {w}) / {p}.sum(-1, keepdim=True)",
        "scalprod": "{w} * {p}",
    },
    product="*",
    forth={
        Scaling: "(({x} - {s}_xoffset) * {s}_gain + {s}_ymin)",
        Projection: "functional.linear({x}, {s}_transform)",
        Selection: "{x}[..., {s}_keep]",
    },
    back={
        Scaling: "(({x} - {s}_ymin) / {s}_gain + {s}_xoffset)",
        Projection: "functional.linear({x}, {s}_inverseTransform)",
        Selection: "with_rows({x}, {s}_constants, {s}_order)",
    },
    constant="self.{}",
    bias="self.{}",
)


#: Up to this number of delays or outputs each is written out.
_WRITTEN_OUT = 4

#: What the module's text calls besides torch.
_HELPERS = {
    "with_rows": """def with_rows(y: Tensor, constants: Tensor, order: Tensor) -> Tensor:
    \"\"\"Rows that were constant are put back.\"\"\"
    return torch.cat([y, constants.expand(*y.shape[:-1], -1)], -1)[..., order]
""",
    "one_hot": """def one_hot(n: Tensor) -> Tensor:
    \"\"\"1 for the largest, 0 for all others.\"\"\"
    return functional.one_hot(n.argmax(-1), n.shape[-1]).to(n.dtype)
""",
    "hardlim": """def hardlim(n: Tensor) -> Tensor:
    \"\"\"1 from zero on, else 0.\"\"\"
    return (n >= 0).to(n.dtype)
""",
    "elliot2sig": """def elliot2sig(n: Tensor) -> Tensor:
    \"\"\"A sigmoid without exponentials.\"\"\"
    return n.sign() * n.square() / (1 + n.square())
""",
}


def torch_constants(net: ShallowNetwork) -> dict[str, Array]:
    """The weights and constants of the module by their names; rows count from 0."""
    found: dict[str, Array] = {}
    for of, part, value in constants(net):
        is_matrix = of.startswith(("IW", "LW")) or part in ("transform", "inverseTransform")
        found[f"{of}_{part}" if part else of] = value if is_matrix else value.ravel(order="F")
    for name in [name for name in found if name.endswith("_keep")]:
        step = name.removesuffix("keep")
        keep, remove = (
            found.pop(f"{step}{part}").astype(np.int64) - 1 for part in ("keep", "remove")
        )
        found[f"{step}keep"] = keep
        found[f"{step}order"] = np.concatenate([keep, remove]).argsort()
    return found


def torch_module(net: ShallowNetwork, steps: int, name: str) -> tuple[list[str], str]:
    """The helpers, and the text of the class of that name."""
    values = torch_constants(net)
    inputs, outputs = (list(ports) for ports in net.ports())
    body = list(_unrolled(net, steps) if net.is_dynamic else _rows(net))
    made = [
        f"self.{key} = nn.Parameter(torch.empty({_sizes(value)}))"
        if key.startswith(("IW", "LW", "b"))
        else f'self.register_buffer("{key}", torch.empty({_sizes(value)}'
        + (", dtype=torch.int64))" if value.dtype.kind == "i" else "))")
        for key, value in values.items()
    ]
    parameters = ["self", *(f"{key}: Tensor" for key in inputs)]
    each = ", ".join(["Tensor"] * len(outputs)) if len(outputs) <= _WRITTEN_OUT else "Tensor, ..."
    result = "Tensor" if len(outputs) == 1 else f"tuple[{each}]"
    rows = "time steps of samples" if net.is_dynamic else "samples"
    said = f"{one_line(net.name) or 'A shallow network'}: {rows} are rows."
    forward = [
        *signature("forward", parameters, result, "    "),
        f'        """{", ".join(outputs)} of {", ".join(inputs)}."""',
        *(line for text in body for line in statement(text, " " * 8)),
    ]
    lines = (line for text in made for line in statement(text, " " * 8))
    text = module_class(name, said, lines, forward)
    return [helper for name, helper in _HELPERS.items() if f"{name}(" in text], text


def _sizes(value: Array) -> str:
    return ", ".join(map(str, value.shape))


def _in_steps(
    net: ShallowNetwork, prefix: str, x: str, target: str, *, back: bool = False
) -> Iterator[str]:
    """Each processing function of an input or output as a statement; ``x`` is a text."""
    steps = _TORCH.processing(net, prefix, back=back)
    if not x.isidentifier() or not steps:
        yield f"{target} = {x}"
        x = target
    for step in steps:
        yield f"{target} = {step(x)}"
        x = target


def _rows(net: ShallowNetwork) -> Iterator[str]:
    for j in range(1, net.numInputs + 1):
        yield from _in_steps(net, f"x{j}", f"x{j}", f"p{j}")

    def taps(kind: str, i: int, j: int) -> tuple[str, bool]:
        return (f"p{j + 1}" if kind == "IW" else f"a{j + 1}"), False

    for i, _, expression in _TORCH.layers(net, taps):
        yield f"a{i + 1} = {expression}"
    for k, i in enumerate(net.output_layers, 1):
        yield from _in_steps(net, f"y{k}", f"a{i + 1}", f"y{k}", back=True)
    yield f"return {', '.join(net.ports()[1])}"


def _unrolled(net: ShallowNetwork, steps: int) -> Iterator[str]:
    ID, LD = net.numInputDelays, net.numLayerDelays
    given = list(net.ports()[0])
    like = given[0]
    yield f"steps = {'x1.shape[1]' if net.inputs else steps}"
    for j, one in enumerate(net.inputs, 1):
        before = (
            f"Xi{j}" if f"Xi{j}" in given else f"{like}.new_zeros(x{j}.shape[0], {ID}, {one.size})"
        )
        yield f"d{j} = torch.cat([{before}, x{j}], 1)"
        yield from _in_steps(net, f"x{j}", f"d{j}", f"p{j}")
    for i, layer in enumerate(net.layers, 1):
        zeros = f"[{like}.new_zeros({like}.shape[0], {layer.size})] * {LD}"
        yield f"a{i} = " + (
            f"list(Ai{i}.unbind(1))" if f"Ai{i}" in given else zeros if LD else "[]"
        )
    yield "for t in range(steps):"

    def taps(kind: str, i: int, j: int) -> tuple[str, bool]:
        weights, most = (net.inputWeights, ID) if kind == "IW" else (net.layerWeights, LD)
        place = "p{}[:, {}]" if kind == "IW" else "a{}[{}]"
        delays = weights[i, j].delays
        if len(delays) <= _WRITTEN_OUT:
            each = [place.format(j + 1, _at("t", most - d)) for d in delays]
            listed = ", ".join(each)
        else:
            whole = delays == tuple(range(delays[0], delays[-1] + 1))
            among = f"range({delays[0]}, {delays[-1] + 1})" if whole else f"{delays}"
            each, listed = [], f"{place.format(j + 1, f't + {most} - d')} for d in {among}"
        if len(each) == 1:
            return each[0], False
        return f"torch.cat([{listed}], -1)", True

    for i, stated, expression in _TORCH.layers(net, taps):
        yield from (f"    {one}" for one in stated)
        yield f"    a{i + 1}.append({expression})"
    results = list(net.ports()[1])
    for k, i in enumerate(net.output_layers, 1):
        outputs = f"torch.stack(a{i + 1}{f'[{LD}:]' if LD else ''}, 1)"
        yield from _in_steps(net, f"y{k}", outputs, f"y{k}", back=True)
    for state in results[len(net.output_layers) :]:
        number = state[2:]
        series = (
            f"d{number}[:, steps:]" if state[0] == "X" else f"torch.stack(a{number}[steps:], 1)"
        )
        yield f"{state} = {series}"
    yield f"return {', '.join(results)}"
