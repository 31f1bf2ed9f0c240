"""What the variables of a MAT-file are that are no layer or network that this version runs.

Told by structure, the names of fields and classes, and never by the names of files or variables.

Sources of the structures: files that users published; the documentation pages of MATLAB's toolboxes
for class names; MatConvNet's own manual (vl_simplenn, dagnn.DagNN) for its structs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matlab_compat.data_format import dlarray
from matlab_compat.display import one_line, shortened, size_text
from matlab_compat.errors import (
    LayerNotFoundError,
    MatFileError,
    MatlabCompatError,
    NotAMatFileError,
    UnsupportedModelError,
)
from matlab_compat.wording import argument

from ..matfile.file import MatFile
from ..matfile.info import VariableInfo
from ..matfile.plain import CONVERTERS
from ..matfile.values import MatObject, ObjectArray, StructArray, Value, mat_class, mat_shape
from ..saved import children, to_dict

#: Values looked at in one variable, how deep, and how many of a thing a message lists.
_MOST, _DEEPEST, _LISTED = 2000, 4, 4


@dataclass(frozen=True)
class Identified:
    """One value that is known for what it is."""

    #: The MATLAB expression that reaches it.
    path: str
    #: As it stands after "is": "a shallow network (...)".
    what: str
    #: What can be done about it now.
    remedy: str
    #: Whether it is a model, of a kind that this version does not run.
    is_model: bool


@dataclass(frozen=True)
class _Kind:
    """A row of the table of classes. ``{what}`` of a remedy is the line that gives the values."""

    classes: str
    name: str
    remedy: str = ""
    is_model: bool = True
    #: Networks that may be found in it are parts that only steps of its own join.
    of_parts: bool = False

    def matches(self, class_name: str) -> bool:
        return re.fullmatch(self.classes, class_name) is not None


#: Classes by name; the first row that matches counts.
_CLASSES = (
    _Kind(
        r"network",
        "a shallow network",
        "its weights are IW, LW and b of {values}; in MATLAB, genFunction(net, 'net_function') "
        "writes it as code.",
    ),
    _Kind(
        r"Autoencoder",
        "an Autoencoder, which is a shallow network",
        "its weights are IW, LW and b of the Network in {values}; in MATLAB, "
        "generateFunction(autoenc) writes it as code.",
    ),
    _Kind(r"dagnn\.DagNN", "a network of MatConvNet (DagNN)"),
    _Kind(
        r"(?:fast(?:er)?R|r)CNNObjectDetector|maskrcnn",
        "a detector of two networks and a step between them",
        "the layers of its networks can be loaded one by one: {parts}.",
        of_parts=True,
    ),
    _Kind(
        r"\w*ObjectDetector\w*|\w*Detector(?:Monocular\w*)?|solov2|\w*PoseEstimator",
        "a detector",
        "in MATLAB, save the network that is in it: net = detector.Network; "
        "save('network.mat', 'net').",
    ),
    _Kind(
        r"rl\.agent\.\w+",
        "an agent of Reinforcement Learning Toolbox without a network that can be read",
        "in MATLAB: net = getModel(getActor(agent)); save('actor.mat', 'net').",
    ),
    _Kind(
        r"(?:rl\.(?:function|representation|util|policy)\.)?rl\w+(?:Function|Representation|Actor|Policy)",
        "an actor or critic of Reinforcement Learning Toolbox without a network that can be read",
        "in MATLAB: net = getModel(actor); save('actor.mat', 'net').",
    ),
    _Kind(
        r"nnet\.cnn\.TrainingOptions\w+|\w*\.?TrainingOptions\w*",
        "options of a training",
        "they are read by converters.load_training_options({path}).",
        is_model=False,
    ),
    _Kind(
        r"(?:\w+\.)*\w*[Dd]atastore\w*|imageDataAugmenter|(?:\w+\.)*\w*[mM]inibatchqueue",
        "a datastore: it names the files of data, and has no data itself",
        is_model=False,
    ),
    _Kind(
        r"(?:Compact)?(?:Classification|Regression)NeuralNetwork",
        "a network of Statistics and Machine Learning Toolbox (fitcnet, fitrnet)",
        "its weights are among {values}; in MATLAB, net = dlnetwork(mdl) and save it.",
    ),
    _Kind(
        r"(?:classreg\.\S+\.)?(?:Compact|\w+\.)?(?:Classification|Regression)[A-Z]\w+"
        r"|(?:Compact)?TreeBagger|(?:Generalized)?LinearModel|gmdistribution|fitclinear",
        "a model of Statistics and Machine Learning Toolbox, which is no neural network",
    ),
    _Kind(
        r"(?:mam|sug)fis\w*|fistree",
        "a fuzzy inference system of Fuzzy Logic Toolbox",
    ),
)

#: Types of MatConvNet's layers; its structs name no classes.
_SIMPLENN = frozenset(
    (
        *("bnorm", "concat", "conv", "convt", "custom", "dropout", "loss", "lrn", "noffset"),
        *("normalize", "pdist", "pool", "relu", "sigmoid", "softmax", "softmaxloss", "spnorm"),
    )
)
#: Fields of each layer of a DagNN.
_DAGNN = frozenset(("type", "block", "inputs"))
#: Names that weights and biases have.
_WEIGHT = re.compile(r"(?i).*(?:weight|kernel|filter)\w*|(?:.*[\d_])?(?:W|IW|LW|theta|gamma)\d*")
_BIAS = re.compile(r"(?i).*bias\w*|(?:.*[\d_])?(?:b|beta)\d*|.*offset")

_AS_SAVED = "save a layer or network in MATLAB: save('net.mat', 'net')."


def nothing_found(
    mat: MatFile, variable: str | None, searched: Callable[[str], bool]
) -> MatlabCompatError:
    """The error for a file, or one variable of it, without a layer: what there is instead.

    Parameters
    ----------
    searched:
        Tells by a variable's class whether it had to be decoded to find a layer in it.

    Returns
    -------
    ``UnsupportedModelError`` where there is a model of a kind that this version does not run, else
    ``LayerNotFoundError``; ``NotAMatFileError`` for HDF5 that MATLAB did not save.
    """
    chosen = [info for info in mat.variables if variable is None or info.name == variable]
    found = [one for info in chosen if searched(info.class_name) for one in identified(mat, info)]
    where = (str(mat.path),)
    if mat.level == "7.3" and not mat.header.description:
        return _plain_hdf5(mat, found, where)
    models = [one for one in found if one.is_model]
    if models:
        named = "; ".join(f"{one.path} is {one.what}" for one in models[:_LISTED])
        more = f"; and {len(models) - _LISTED} more" if len(models) > _LISTED else ""
        return UnsupportedModelError(
            f"This version does not run what is in it: {named}{more}.",
            where=where,
            remedy=models[0].remedy,
        )
    loose = weights_among(_infos(chosen))
    if loose and not found:
        return LayerNotFoundError(
            f"There is no layer or network in it, only arrays named like weights: {loose}.",
            where=where,
            remedy="say which layer they are of: save them as the fields of a struct that has the "
            "layer's class and the names of its properties, in MATLAB e.g. s.Class = "
            "'Convolution2DLayer'; s.Weights = W; s.Bias = b; s.Stride = [1 1]; "
            "save('layer.mat', 's'). Better, save the network itself.",
        )
    others = [f"{one.path} is {one.what}" for one in found]
    data = [_described(info) for info in chosen if all(info.name != one.path for one in found)]
    parts = others[:_LISTED] + ([f"data: {listed(data)}"] if data else [])
    return LayerNotFoundError(
        "There is no layer or network in it"
        + (f", only {'; '.join(parts)}." if parts else ": it has no variables."),
        where=where,
        remedy=next((one.remedy for one in found if one.remedy), _AS_SAVED),
    )


def only_parts(mat: MatFile, paths: Mapping[str, list[str]]) -> MatlabCompatError | None:
    """The error for a file whose networks are only parts of models; ``None`` for any other.

    ``paths`` are those of the networks found, by the variables that they lie in.
    """
    classes = {info.name: info.class_name for info in mat.variables}
    kinds = {n: next((k for k in _CLASSES if k.matches(classes.get(n, ""))), None) for n in paths}
    of_parts = {name: kind for name, kind in kinds.items() if kind is not None and kind.of_parts}
    if not paths or len(of_parts) < len(paths):
        return None
    named = "; ".join(f"{n} is {kind.name} ({classes[n]})" for n, kind in of_parts.items())
    first = next(iter(of_parts))
    return UnsupportedModelError(
        f"This version does not run what is in it: {named}.",
        where=(str(mat.path),),
        remedy=of_parts[first].remedy.format(parts=argument("variable", paths[first][0])),
    )


def identified(mat: MatFile, info: VariableInfo) -> list[Identified]:
    """What is in one variable that the tables here know; nothing if it cannot be decoded."""
    try:
        return list(_walk(mat, info.name, mat[info.name]))
    except MatFileError:
        return []


def is_matconvnet(value: Value) -> bool:
    """Whether a value is a network of MatConvNet or its layers: structs, but none of MATLAB's."""
    return _simplenn(value) is not None or _dagnn(value) is not None


def listed(texts: list[str]) -> str:
    """The first texts, and how many more there are."""
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more


def _walk(mat: MatFile, name: str, root: Value) -> Iterator[Identified]:
    """The outermost values that are known, not too deep and not too many."""
    # Paths are made of names in the file, which may be anything.
    stack: list[tuple[str, Value, int]] = [(one_line(shortened(name, 200)), root, 0)]
    visited = 0
    while stack and visited < _MOST:
        path, value, depth = stack.pop()
        visited += 1
        known = _known(mat, name, path, value)
        if known is not None:
            yield known
        elif depth < _DEEPEST and not isinstance(value, MatObject | ObjectArray | str):
            inner = [
                (path + one_line(shortened(step, 200)), item, depth + 1)
                for step, item in _first(children(value), _MOST)
                if isinstance(item, StructArray | MatObject | ObjectArray)
                or (isinstance(item, np.ndarray) and item.dtype == object)
            ]
            stack += reversed(inner)


def _first(items: Iterable[Any], most: int) -> Iterator[Any]:
    for _, item in zip(range(most), items, strict=False):
        yield item


def _known(mat: MatFile, name: str, path: str, value: Value) -> Identified | None:
    values = f"converters.open_mat({str(mat.path)!r})[{name!r}]"
    at = f"read its values with {values}."
    if isinstance(value, ObjectArray):
        value = value.elements[0] if value.elements else value
    if isinstance(value, MatObject):
        return _object(path, value, f"{values}.properties", str(mat.path))
    for told in (_simplenn, _dagnn):
        what = told(value)
        if what is not None:
            return Identified(path, what, at, is_model=True)
    if isinstance(value, StructArray):
        what = _training_record(value)
        if what is not None:
            return Identified(path, what, "", is_model=False)
        weights = _parameters(value)
        if weights:
            return Identified(
                path,
                f"a struct of weights ({weights}) without the layers or the function that use "
                "them, as custom training loops have it",
                f"read it with {values}.to_dict(), and write the function in Python.",
                is_model=True,
            )
    return None


# --- objects ------------------------------------------------------------------------------


def _object(path: str, value: MatObject, values: str, file: str) -> Identified:
    class_name = value.class_name
    kind = next((row for row in _CLASSES if row.matches(class_name)), None)
    fields = _fields(value)
    if kind is None:
        layers = _layer_classes(fields)
        own = f"an object of class {class_name}"
        if layers is None:
            return Identified(path, own, "", is_model=False)
        of = listed(layers)
        what = f"{own}, a network of another toolbox or of an author's own with layers of {of}"
        return Identified(path, what, f"read its values with {values}.", is_model=True)
    what = f"{kind.name} ({class_name})"
    if class_name == "network":
        what = f"{kind.name} ({_shallow_text(fields)})"
    elif class_name == "Autoencoder":
        what = kind.name
    elif class_name == "dagnn.DagNN" and "layers" in fields:
        what = _dagnn(fields["layers"]) or what
    remedy = kind.remedy.format(values=values, path=repr(file), parts=values)
    if not remedy and kind.is_model:
        remedy = f"read its values with {values}."
    return Identified(path, what, remedy, kind.is_model)


def _fields(value: MatObject) -> dict[str, Any]:
    try:
        properties = value.properties
    except MatFileError:
        return {}
    saved = to_dict(properties.get("any"))
    return saved if isinstance(saved, dict) else properties


def _shallow_text(fields: Mapping[str, Value]) -> str:
    name, layers = fields.get("name"), fields.get("numLayers")
    count = int(layers.flat[0]) if isinstance(layers, np.ndarray) and layers.size == 1 else 0
    text = f"'{one_line(shortened(name, 80))}'" if isinstance(name, str) and name else "network"
    return f"{text}, {_layers_text(count)}" if count else text


def _layer_classes(fields: Mapping[str, Value]) -> list[str] | None:
    """The classes of an object's Layers; ``None`` if it has none."""
    layers = next((v for k, v in fields.items() if k.lower() == "layers"), None)
    if isinstance(layers, ObjectArray):
        items: list[Any] = list(layers.elements)
    elif isinstance(layers, MatObject):
        items = [layers]
    elif isinstance(layers, np.ndarray) and layers.dtype == object:
        items = list(layers.flat)
    else:
        return None
    classes = [one_line(mat_class(item)) for item in items if isinstance(item, MatObject)]
    return list(dict.fromkeys(classes)) or None


# --- structs ------------------------------------------------------------------------------


def _simplenn(value: Value) -> str | None:
    layers = value["layers"] if _is_single(value, "layers") else value
    if not (isinstance(layers, np.ndarray) and layers.dtype == object and layers.size):
        return None
    fields = [one for one in layers.flat if isinstance(one, StructArray) and "type" in one.fields]
    if len(fields) < layers.size or any(one.shape != (1, 1) for one in fields):
        return None
    types = [kind for one in fields if isinstance(kind := one.fields["type"][0], str)]
    if len(types) < layers.size or not _SIMPLENN.intersection(types):
        return None
    old = any("filters" in one.fields for one in fields)
    trained = any("momentum" in one.fields for one in fields)
    kinds = one_line(shortened(listed(list(dict.fromkeys(types))), 200))
    return (
        f"a network of MatConvNet (SimpleNN, {_layers_text(len(types))}: {kinds})"
        + (" in its old form, with filters and biases" if old else "")
        + (", saved in the middle of a training" if trained else "")
    )


def _dagnn(value: Value) -> str | None:
    layers = value["layers"] if _is_single(value, "layers") else value
    if isinstance(layers, np.ndarray) and layers.dtype == object and layers.size:
        count, parts = layers.size, list(layers.flat)
    elif isinstance(layers, StructArray):
        count, parts = len(layers), [layers]
    else:
        return None
    if not all(isinstance(one, StructArray) and set(one.fields) >= _DAGNN for one in parts):
        return None
    return f"a network of MatConvNet (DagNN, {_layers_text(count)})"


def _layers_text(count: int) -> str:
    return f"{count} layer{'s' * (count != 1)}"


def _training_record(value: StructArray) -> str | None:
    if {"trainFcn", "best_epoch", "perf"} <= set(value.fields):
        return "the record of a training"
    return None


def _is_single(value: Value, field: str) -> bool:
    return isinstance(value, StructArray) and value.shape == (1, 1) and field in value


def _parameters(value: StructArray) -> str:
    """The first arrays named like weights and biases in a struct, at any depth; '' if none."""
    found: dict[str, Value] = {}
    stack: list[tuple[str, Value]] = [("", value)]
    visited = 0
    while stack and visited < _MOST:
        path, item = stack.pop()
        visited += 1
        if isinstance(item, StructArray) and item.shape == (1, 1):
            inner = [
                (f"{path}.{name}" if path else name, values[0])
                for name, values in _first(item.fields.items(), _MOST)
            ]
            stack += reversed(inner)
        elif path:
            found[path] = item
    return weights_among((name, _kind_and_size(item)) for name, item in found.items())


def weights_among(values: Iterable[tuple[str, tuple[str, tuple[int, ...]]]]) -> str:
    """Names and sizes of what is called like weights and biases; '' unless there are both.

    ``values`` are pairs of a name and its class and size.
    """
    shown: dict[bool, list[str]] = {True: [], False: []}
    for name, (kind, size) in values:
        last = name.rpartition(".")[2].removesuffix(":0")
        is_weight = _WEIGHT.fullmatch(last) is not None
        if kind in _NUMERIC and (is_weight or _BIAS.fullmatch(last)):
            shown[is_weight].append(f"{one_line(name)} {size_text(size)}")
    if not shown[True] or not shown[False]:
        return ""
    pairs = [text for pair in zip(shown[True], shown[False], strict=False) for text in pair]
    return listed(pairs)


_NUMERIC = ("single", "double", "dlarray", "gpuArray", "cell", "half")


def _kind_and_size(value: Value) -> tuple[str, tuple[int, ...]]:
    if isinstance(value, dlarray):
        return "dlarray", tuple(value.shape)
    return mat_class(value), mat_shape(value)


def _infos(infos: Iterable[VariableInfo]) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    return ((info.name, (info.class_name, info.shape)) for info in infos)


def _described(info: VariableInfo) -> str:
    # The size of an object that stands for data is in its value: the variable's own is 1 x 1.
    size = "" if info.class_name in CONVERTERS else f" {size_text(info.shape)}"
    return f"{one_line(info.name)}{size} {one_line(info.class_name)}"


# --- HDF5 of others -----------------------------------------------------------------------


def _plain_hdf5(mat: MatFile, found: list[Identified], where: tuple[str, ...]) -> MatlabCompatError:
    names = listed([one_line(info.name) for info in mat.variables])
    weights = next((one for one in found if one.is_model), None)
    if weights is None:
        return NotAMatFileError(
            "The file is HDF5, and not a MAT-file: MATLAB's save did not write it. "
            f"It has {names}.",
            where=where,
            remedy=_AS_SAVED,
        )
    return NotAMatFileError(
        "The file is HDF5, and not a MAT-file: it holds weights as Keras writes them, without the "
        f"layers that they belong to ({names}).",
        where=where,
        remedy="open the model in Python, model.export('folder'); in MATLAB: net = "
        "importNetworkFromTensorFlow('folder'); save('net.mat', 'net').",
    )
