"""How MATLAB spells the names of layer classes and of the functions that make them."""

from __future__ import annotations

import re

#: Words of a class name: an abbreviation, a number of dimensions, or a word.
_WORD = re.compile(r"YOLOv\d|P?ReLU|BiLSTM|[A-Z]+(?=[A-Z][a-z])|\d[A-Z]|[A-Z][a-z]+")


def function_name(class_name: str) -> str:
    """The constructor function of a class of the package ``nnet.cnn.layer``.

    >>> function_name("LeakyReLULayer"), function_name("Image3DInputLayer")
    ('leakyReluLayer', 'image3dInputLayer')
    """
    words: list[str] = _WORD.findall(class_name) or [class_name]
    first, *rest = words
    return first.lower() + "".join(word.capitalize() for word in rest)
