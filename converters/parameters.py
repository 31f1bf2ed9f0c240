"""Parameters without their model: structs of arrays, as custom training loops have them.

MATLAB's examples keep the weights of a model function in a struct of structs
(``parameters.fc1.Weights``); users write them in cells and struct arrays as well. What the function
computes with them is not in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from matlab_compat.arrays import Array, cell_array
from matlab_compat.data_format import dlarray
from matlab_compat.display import one_line, size_text
from matlab_compat.errors import CorruptFileError
from matlab_compat.pages.notebook import listing

from .matfile.values import Damaged, StructArray, Value, is_cell, is_numeric, mat_class, to_python
from .saved import children

#: A step of the MATLAB expression that reaches an array: a field, or an index in braces or not.
_STEP = re.compile(r"\.?([^.{}()]+)|\{(\d+)\}|\((\d+)\)")
#: The most steps in the name of a parameter that is read back.
_DEEPEST = 100


class Parameters(Mapping[str, Any]):
    """A struct of parameters: a mapping of names to arrays, and to mappings and lists of them.

    Structs are mappings, cells and struct arrays lists; arrays have MATLAB's size and order, and
    are :class:`~matlab_compat.dlarray` where the file has them with labels. What was on a GPU is an
    array as any other.

    Parameters
    ----------
    values:
        Field name to value, as :func:`converters.open_mat` gives them.
    name:
        What the struct is called.

    Examples
    --------
    >>> weights = {"Weights": np.zeros((5, 3)), "Bias": dlarray(np.zeros((5, 1)), "CB")}
    >>> parameters = Parameters({"fc1": StructArray.scalar(**weights)})
    >>> parameters["fc1"]["Bias"].dims()
    'CB'
    >>> list(parameters.arrays())
    ['fc1.Weights', 'fc1.Bias']
    >>> parameters.labels
    {'fc1.Bias': 'CB'}
    """

    def __init__(self, values: Mapping[str, Value], name: str = "parameters") -> None:
        self.fields, self.name = dict(values), name
        self._python: dict[str, Any] = to_python(dict(values))

    def __getitem__(self, name: str) -> Any:
        return self._python[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._python)

    def __len__(self) -> int:
        return len(self._python)

    def arrays(self) -> dict[str, Array]:
        """The arrays by the MATLAB expression that reaches each: ``fc1.Weights``, ``enc{2}.W``."""
        return {
            path: value.extractdata() if isinstance(value, dlarray) else value
            for path, value in self._leaves()
            if is_numeric(value)
        }

    @property
    def labels(self) -> dict[str, str]:
        """The labels of those that have any, by the same names."""
        return {path: v.dims() for path, v in self._leaves() if isinstance(v, dlarray)}

    @property
    def others(self) -> list[str]:
        """The names of what is no array of numbers: texts, function handles ..."""
        return [path for path, value in self._leaves() if not is_numeric(value)]

    @property
    def count(self) -> int:
        """How many numbers there are in all arrays."""
        return sum(array.size for array in self.arrays().values())

    def labelled(self, labels: Mapping[str, str]) -> Parameters:
        """The same with these labels, by the names of :meth:`arrays`."""
        return named(self.arrays().items(), labels, self.containers(), self.name)

    def containers(self) -> dict[str, tuple[int, ...]]:
        """The sizes of cells and struct arrays, by the same names."""
        return {path: tuple(v.shape) for path, v in _walk(self.fields) if _is_array_of(v)}

    def record(self) -> dict[str, Any]:
        """What ``inspect`` says: names, sizes, classes and labels of all, and how many numbers."""
        labels = self.labels
        arrays = [
            {"name": n, "size": list(a.shape), "class": mat_class(a), "labels": labels.get(n, "")}
            for n, a in self.arrays().items()
        ]
        return {"count": self.count, "arrays": arrays, "others": self.others}

    def _leaves(self) -> Iterator[tuple[str, Value]]:
        values = _walk(self.fields)
        return ((p, v) for p, v in values if not (isinstance(v, dict | StructArray) or is_cell(v)))

    def __repr__(self) -> str:
        found = self.record()["arrays"]
        return f"<Parameters '{self.name}': {self.count} numbers in {len(found)} arrays>"

    def _repr_html_(self) -> str:
        found = self.record()
        rows = [[a["name"], size_text(a["size"]), a["class"], a["labels"]] for a in found["arrays"]]
        rows += [[name, "", "", "no numbers"] for name in found["others"]]
        heading = f"{self.name}: {found['count']} numbers in {len(found['arrays'])} arrays"
        return listing(heading, ("Name", "Size", "Class", "Labels"), rows, len(rows))

    def __str__(self) -> str:
        found = self.record()["arrays"]
        widest = max((len(one["name"]) for one in found), default=0)
        lines = [
            f"  {one['name']:<{widest}}  {size_text(one['size'])} {one['class']}"
            + (f" '{one['labels']}'" if one["labels"] else "")
            for one in found
        ]
        return "\n".join([f"{self.name}: {self.count} numbers in {len(found)} arrays", *lines])


def _is_array_of(value: Value) -> bool:
    """A cell, or an array of structs."""
    return is_cell(value) or (isinstance(value, StructArray) and value.shape != (1, 1))


def _walk(values: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """All values inside, depth first, in order, each with its name.

    Raises ``MatFileError``: one of them is damaged.
    """
    stack = [(name, value) for name, value in reversed(list(values.items()))]
    while stack:
        path, value = stack.pop()
        if isinstance(value, Damaged):
            value.get()
        yield path, value
        stack += reversed([(path + step, item) for step, item in children(value)])


def named(
    arrays: Iterable[tuple[str, Array]],
    labels: Mapping[str, str],
    containers: Mapping[str, tuple[int, ...]],
    name: str = "parameters",
) -> Parameters:
    """The parameters whose arrays have these names: what :meth:`Parameters.arrays` takes apart.

    Raises ``CorruptFileError``: names, labels and sizes contradict each other.
    """
    root: dict[Any, Any] = {}
    for path, array in arrays:
        steps = [_key(match) for match in _STEP.finditer(path)]
        is_whole = "".join(m[0] for m in _STEP.finditer(path)) == path
        if not is_whole or not steps or not isinstance(steps[0], str) or len(steps) > _DEEPEST:
            raise CorruptFileError("This is no name of a parameter.", where=(one_line(path),))
        place = root
        for step in steps[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise _contradiction(path)
        if steps[-1] in place:
            raise _contradiction(path)
        label = labels.get(path)
        place[steps[-1]] = array if label is None else dlarray(array, label)
    return Parameters({key: _made(item, key, containers) for key, item in root.items()}, name)


def _key(match: re.Match[str]) -> str | int:
    """A field is its name; an index in braces is negative here, one in parentheses positive."""
    field, in_cell, in_struct = match.groups()
    return field or (-int(in_cell) if in_cell else int(in_struct))


def _made(item: Any, path: str, containers: Mapping[str, tuple[int, ...]]) -> Value:
    """The struct, cell or struct array of what was put together under one name."""
    if not isinstance(item, dict):
        return item
    if all(isinstance(key, str) for key in item):
        fields = {key: _made(value, f"{path}.{key}", containers) for key, value in item.items()}
        return StructArray.scalar(**fields)
    if any(isinstance(key, str) for key in item) or len({key < 0 for key in item}) > 1:
        raise _contradiction(path)
    is_cell, last = min(item) < 0, max(abs(key) for key in item)
    shape = tuple(containers.get(path, (1, last)))
    size = int(np.prod(shape, dtype=np.int64))
    if 0 in item or last > size or size > 100 * len(item) + 1000:
        raise _contradiction(path)
    step = f"{path}{{%d}}" if is_cell else f"{path}(%d)"
    made = [
        _made(item.get(-i if is_cell else i, {}), step % i, containers) for i in range(1, size + 1)
    ]
    if is_cell:
        return cell_array(made, shape)
    structs = [one if isinstance(one, StructArray) else StructArray.scalar() for one in made]
    names = dict.fromkeys(name for one in structs for name in one.fields)
    empty = StructArray.scalar()  # what is no array was left out
    return StructArray(
        shape, {n: [one.fields[n][0] if n in one else empty for one in structs] for n in names}
    )


def _contradiction(path: str) -> CorruptFileError:
    return CorruptFileError("Names of parameters contradict each other.", where=(one_line(path),))
