"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them.

Here are the classes with a ``type_text`` and their constructor functions, which are made when they
are asked for: to write the documentation of all takes 40 ms. What is here ``__init__.pyi`` tells
type checkers and editors, which ``make generate`` writes.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from .base import Layer
from .constructors import constructor_of
from .registry import layer_class, register, registered

_MORE = [one.__name__ for one in (Layer, constructor_of, layer_class, register, registered)]
#: Classes that are made by no function here: what MATLAB's takes is the detector's.
_WITHOUT_FUNCTION = ("RPNClassificationLayer", "RCNNBoxRegressionLayer", "YOLOv2OutputLayer")

_modules = [import_module(f".{found.name}", __name__) for found in iter_modules(__path__)]
_classes: dict[str, type[Layer]] = {
    name: kind
    for module in _modules
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Layer)
    if kind.__module__ == module.__name__ and "type_text" in vars(kind)
}
#: The classes that each function makes.
_functions: dict[str, list[type[Layer]]] = {}
for _kind in _classes.values():
    if _kind.__name__ not in (_kind.constructor, *_WITHOUT_FUNCTION):
        _functions.setdefault(_kind.constructor, []).append(_kind)

globals().update(_classes)
__all__ = sorted([*_MORE, *_classes, *_functions])


def __getattr__(name: str) -> Any:
    if name not in _functions:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, constructor_of(*_functions[name]))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
