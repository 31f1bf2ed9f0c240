"""Objects that are known by their class and not run; and those of which only the class is known.

Source of the names: the documentation pages of MATLAB's toolboxes, files that users published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from matlab_compat.display import listed, one_line

from ..matfile.values import MatObject, ObjectArray, cell_items, mat_class
from ..saved import readable_fields
from ..walk import Place, root_of
from .base import Kind, Known


@dataclass(frozen=True)
class Row:
    """What is known of some classes. ``{values}`` of a remedy is the line that gives the values."""

    classes: str
    name: str
    remedy: str = ""
    is_model: bool = True
    #: Networks that may be found in it are parts that only steps of its own join.
    of_parts: bool = False


#: Classes by name; the first row that matches counts.
_CLASSES = (
    Row(
        r"fast(?:er)?RCNNObjectDetector|maskrcnn",
        "a detector of two networks and a step between them",
        "the layers of its networks can be loaded one by one: {parts}.",
        of_parts=True,
    ),
    Row(
        r"acfObjectDetector\w*|vision\.(?:CascadeObject|People)Detector",
        "a detector of trees over features of the image, which has no neural network",
    ),
    Row(
        r"\w*ObjectDetector\w*|\w*Detector(?:Monocular\w*)?|solov2|\w*PoseEstimator",
        "a detector",
        "in MATLAB, save the network that is in it: net = detector.Network; "
        "save('network.mat', 'net').",
    ),
    Row(
        r"rl\.agent\.\w+",
        "an agent of Reinforcement Learning Toolbox without a network that can be read",
        "in MATLAB: net = getModel(getActor(agent)); save('actor.mat', 'net').",
    ),
    Row(
        r"(?:rl\.(?:function|representation|util|policy)\.)?rl\w+(?:Function|Representation|Actor|Policy)",
        "an actor or critic of Reinforcement Learning Toolbox without a network that can be read",
        "in MATLAB: net = getModel(actor); save('actor.mat', 'net').",
    ),
    Row(
        r"nnet\.cnn\.TrainingOptions\w+|\w*\.?TrainingOptions\w*",
        "options of a training",
        "they are read by converters.load_training_options({path}).",
        is_model=False,
    ),
    Row(
        r"(?:\w+\.)*\w*[Dd]atastore\w*|imageDataAugmenter|(?:\w+\.)*\w*[mM]inibatchqueue",
        "a datastore: it names the files of data, and has no data itself",
        is_model=False,
    ),
    Row(
        r"(?:Compact)?(?:Classification|Regression)NeuralNetwork",
        "a network of Statistics and Machine Learning Toolbox (fitcnet, fitrnet)",
        "its weights are among {values}; in MATLAB, net = dlnetwork(mdl) and save it.",
    ),
    Row(
        r"(?:classreg\.\S+\.)?(?:Compact|\w+\.)?(?:Classification|Regression)[A-Z]\w+"
        r"|(?:Compact)?TreeBagger|(?:Generalized)?LinearModel|gmdistribution|fitclinear",
        "a model of Statistics and Machine Learning Toolbox, which is no neural network",
    ),
    Row(
        r"(?:mam|sug)fis\w*|fistree",
        "a fuzzy inference system of Fuzzy Logic Toolbox",
    ),
)


class Objects(Kind[Any]):
    """An object of any class that no other kind knows."""

    def describe(self, place: Place, file: str) -> Known | None:
        """Known by its class, or by the layers in it."""
        value = place.value
        if isinstance(value, ObjectArray) and value.elements:
            value = value.elements[0]
        if not isinstance(value, MatObject):
            return None
        read = f"converters.open_mat({file!r})[{root_of(place.path)!r}]"
        alone = place.path == root_of(place.path)
        values = f"{read}.properties" if alone else f"the properties of {place.path} in {read}"
        row = row_of(value.class_name)
        if row is None:
            own = f"an object of class {value.class_name}"
            fields = {name.lower(): item for name, item in readable_fields(value).items()}
            one = fields.get("layers")
            items = one.elements if isinstance(one, ObjectArray) else [one, *cell_items(one)]
            classes = [one_line(mat_class(item)) for item in items if isinstance(item, MatObject)]
            if not classes:
                return Known(own, "", is_model=False)
            of = listed(list(dict.fromkeys(classes)))
            what = f"{own}, a network of another toolbox or of an author's own with layers of {of}"
            return Known(what, f"its values are {values}.")
        remedy = row.remedy.format(path=repr(file), values=values, parts=values)
        if not remedy and row.is_model:
            remedy = f"its values are {values}."
        return Known(f"{row.name} ({value.class_name})", remedy, row.is_model)


def row_of(class_name: str) -> Row | None:
    """What is known of a class."""
    return next((row for row in _CLASSES if re.fullmatch(row.classes, class_name)), None)
