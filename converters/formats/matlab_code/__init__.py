"""``.m`` and ``.mat``: a MATLAB function that rebuilds the model, and the weights it loads.

The way back for a network trained further in PyTorch. The function calls the documented
constructors of the layers (see :mod:`.matlab_calls`), as one would write it by hand; NAME.mat is
the struct export that ``load`` reads as well.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from matlab_compat.errors import UsageError, locating
from matlab_compat.layers import Layer
from matlab_compat.layers.function import FunctionLayer
from matlab_compat.layers.nested import NetworkLayer
from matlab_compat.network import CLASSIC, Network
from matlab_compat.packages import own_version
from matlab_compat.shallow import ShallowNetwork

from ...matfile.writer import KEYWORDS
from .. import shallow_code
from ..base import ANY, Asked, Model, Options, Prepared, ReadableFormat
from ..generated import is_generated, read_generated
from ..mat import MatStruct, write_struct
from .calls import call, called, helper, plain, quoted, refusal

if TYPE_CHECKING:
    from ..base import Arrays, Tensors

_NAME = re.compile(r"[A-Za-z]\w{0,62}", re.ASCII)
#: Functions that the code calls besides the constructors of layers.
_CALLED = ("load", "mfilename", "layerGraph", "addLayers", "connectLayers", "assembleNetwork")


class MatlabFunctionFile(ReadableFormat, suffixes=(".m",)):
    """``net = NAME()`` in MATLAB gives the network back; NAME.mat must lie beside NAME.m."""

    name: ClassVar[str] = "MATLAB function"

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The weights."""
        return (path.with_suffix(".mat"),)

    def refusal(self, prepared: Prepared) -> str:
        """Layers that have no constructor; networks that MATLAB refuses."""
        model = prepared.model
        if isinstance(model, ShallowNetwork):
            return shallow_code.refusal(model)
        for layer in _layers(model):
            if why := refusal(layer):
                return f"{layer.label}: {why}"
        if not isinstance(model, Network) or model.kind not in CLASSIC:
            return ""
        ends = [port[0] for port, _ in model.plan().outputs.values()]
        open_ends = [end for end in ends if not model.layer(end).is_output]
        return f"assembleNetwork needs an output layer after '{open_ends[0]}'" if open_ends else ""

    def write(self, prepared: Prepared, path: Path) -> None:
        """NAME.mat, then NAME.m.

        Raises ``UsageError``: NAME is no name of a function in MATLAB.
        """
        _check_name(path.stem, prepared.model)
        write_struct(prepared.model, path.with_suffix(".mat"))
        model = prepared.model
        if isinstance(model, ShallowNetwork):
            text = shallow_code.matlab_function(model, path.stem)
        else:
            text = code(model, path.stem)
        path.write_text(text, encoding="ascii", errors="replace")

    def read(self, path: Path, asked: Asked = ANY) -> Model:
        """The shallow network of a function that genFunction wrote; of others what they are."""
        if is_generated(path):
            with locating(str(path)):
                return read_generated(path)
        return MatStruct().read(path, asked)

    def run(self, path: Path, inputs: Tensors, options: Options) -> Arrays:
        """The struct read back, run on torch: MATLAB is not here."""
        return MatStruct().run(path.with_suffix(".mat"), inputs, options)


def _check_name(name: str, model: Model) -> None:
    remedy = "choose a name such as my_network.m: letters, digits and _, a letter first."
    if not _NAME.fullmatch(name) or name in KEYWORDS:
        raise UsageError(f"'{name}' is no name of a function in MATLAB.", remedy=remedy)
    if name in (*_CALLED, "dlnetwork", *(layer.constructor for layer in _layers(model))):
        raise UsageError(
            f"A function '{name}' would hide MATLAB's own, which it calls.", remedy=remedy
        )


def _layers(model: Model) -> list[Layer]:
    if isinstance(model, ShallowNetwork):
        return []
    return [layer for _, layer in model.all_layers()] if isinstance(model, Network) else [model]


# --- the code ------------------------------------------------------------------------------


def code(model: Layer | Network, name: str) -> str:
    """The text of NAME.m."""
    if isinstance(model, Network):
        result, said = "net", f"a {model.kind} of {len(model.Layers)} layers"
        body = [
            "s = saved.net.Layers;  % the properties of every layer, in order",
            *_network(model),
            "end",
            *_local_functions(model),
        ]
    else:
        result, said = "layer", f"a {type(model).__name__}"
        body = [f"layer = {_call(model, 'saved.layer', '1')};", "end"]
        body += _local_function(model, "1")
    head = [
        f"function {result} = {name}()",
        f"%{name.upper()}  Rebuild {said}.",
        f"%   {result.upper()} = {name.upper()}() calls the constructors of the layers, and takes "
        "the weights",
        "%   from the MAT-file of the same name beside this file.",
        "%",
        f"%   Written by matlab-compat {own_version()}.",
        "",
        "saved = load([mfilename('fullpath') '.mat']);",
    ]
    return "\n".join([*head, *body, ""])


def _call(layer: Layer, source: str, number: str, indent: int = 0) -> str:
    own = helper(layer, number)
    inner = "PredictFcn" if isinstance(layer, FunctionLayer) else "Network"
    return call(layer, source, f"{own}({source}.{inner})" if own else "", indent)


def _network(network: Network, number: str = "") -> list[str]:
    """The statements that make ``net`` from the saved layers ``s``.

    ``number`` goes before the numbers of the layers in the names of local functions.
    """
    if network.kind in ("SeriesNetwork", "Layer array"):
        made = "layers" if network.kind == "Layer array" else "assembleNetwork(layers)"
        return [
            "",
            "layers = [",
            *_rows(network, number, 0, len(network.Layers)),
            "    ];",
            f"net = {made};",
        ]
    lines = ["", "lgraph = layerGraph();"]
    chains = _chains(network)
    for first, last in chains:
        lines += ["", "% layers that follow each other", "lgraph = addLayers(lgraph, ["]
        lines += [*_rows(network, number, first, last), "    ]);"]
    within = {pair for first, last in chains for pair in pairwise(network.names[first:last])}
    rest = [pair for pair in network.graph.connections if pair not in within]
    lines += ["", "% the connections between them"] if rest else []
    for source, destination in rest:
        ends = ", ".join(_end(network, end) for end in (source, destination))
        lines.append(f"lgraph = connectLayers(lgraph, {ends});")
    return [*lines, "", f"net = {_assembled(network)};"]


def _rows(network: Network, number: str, first: int, last: int) -> list[str]:
    return [
        f"    {_call(layer, f's{{{i}}}', f'{number}{i}', 4)}"
        for i, layer in enumerate(network.Layers[first:last], first + 1)
    ]


def _chains(network: Network) -> list[tuple[int, int]]:
    """Runs of layers, (first, behind the last), each feeding the next and nothing in between."""
    pairs = set(network.graph.connections)
    breaks = [i for i, pair in enumerate(pairwise(network.names), 1) if pair not in pairs]
    starts = [0, *breaks]
    return list(zip(starts, [*starts[1:], len(network.names)], strict=True))


def _end(network: Network, text: str) -> str:
    """``'add/in2'``; by the saved name where that cannot stand in the code."""
    if plain(text):
        return quoted(text)
    name = text if text in network.names else text.rpartition("/")[0]
    port, source = text[len(name) :], f"s{{{network.names.index(name) + 1}}}.Name"
    return f"[{source} {quoted(port)}]" if port else source


def _assembled(network: Network) -> str:
    if network.kind == "LayerGraph":
        return "lgraph"
    if network.kind in CLASSIC:
        return "assembleNetwork(lgraph)"
    given = ["lgraph"]
    if network.OutputNames != list(network.graph.plan().outputs):
        names = ", ".join(_end(network, name) for name in network.OutputNames)
        given.append(f"'OutputNames', {{{names}}}")
    if not network.Initialized:
        given.append("'Initialize', false")
    return called("dlnetwork", given)


def _local_functions(network: Network, number: str = "") -> list[str]:
    lines = []
    for i, layer in enumerate(network.Layers, 1):
        lines += _local_function(layer, f"{number}{i}")
    return lines


def _local_function(layer: Layer, number: str) -> list[str]:
    """The function that makes a function handle, or a nested network."""
    name = helper(layer, number)
    if isinstance(layer, FunctionLayer):
        function = layer.PredictFcn
        taken = [f"{v} = saved.Variables.{v};" for v in function.variables]
        text = function.text if function.text.startswith("@") else f"@{function.text}"
        return [
            "",
            f"function f = {name}({'saved' if taken else '~'})",
            *taken,
            f"f = {text};",
            "end",
        ]
    if isinstance(layer, NetworkLayer):
        inner = layer.Network
        head = ["", f"function net = {name}(saved)", "s = saved.Layers;"]
        body = _network(inner, f"{number}_")
        return [*head, *body, "end", *_local_functions(inner, f"{number}_")]
    return []
