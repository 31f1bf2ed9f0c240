"""MATLAB objects (MCOS): from a reference in a variable to class and properties.

**The array's class is not its elements' class.** A layer array names the common base
``nnet.cnn.layer.Layer``; what each layer is stands in the object store, by object number.
Every :class:`MatObject` made here has its own true class.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import cached_property, partial

import numpy as np

from matlab_compat.arrays import Array
from matlab_compat.errors import CorruptFileError, LimitExceededError, MatFileError, locating, place

from . import plain
from .faults import corrupt, unsupported
from .journal import Journal
from .limits import Limits
from .object_index import ObjectEntry, ObjectIndex, Property, PropertyKind
from .opaque import ENUMERATION_TAG, REFERENCE, Opaque, replace_leaves
from .reader import only_matfile_errors
from .values import Damaged, MatObject, ObjectArray, Shape, StructArray, Value, cell_items

#: Plain values (tables, maps ...) within plain values are decoded at once, by recursion.
_DEEPEST_PLAIN = 40
_AS_ARRAYS = "Save its values as plain arrays instead."


class ObjectTable:
    """The objects of one file, each decoded when first asked for and then kept.

    Parameters
    ----------
    metadata:
        The index of the store: the first cell of the ``FileWrapper__``.
    cell_count:
        How many cells the store has, the first included.
    get_cell:
        Decodes one cell. Objects within it may be left as :class:`Opaque` or as the bare
        reference (a column of ``uint32``); both are looked up here.
    file:
        The file, for what is said of objects that are decoded later, out of its context.
    """

    def __init__(
        self,
        metadata: bytes,
        cell_count: int,
        get_cell: Callable[[int], Value],
        *,
        limits: Limits,
        byte_order: str = "<",
        file: str = "",
    ) -> None:
        self._index = ObjectIndex(metadata, cell_count, byte_order)
        self._get_cell = get_cell
        self._limits = limits
        self._byte_order = byte_order
        self._file = file
        self._lock = threading.RLock()
        self._journal = Journal()
        self._objects: dict[int, MatObject] = {}
        self._plain: dict[int, Value] = {}
        self._converting: list[int] = []
        self._cells: dict[int, Value] = {}

    # -- from references to values ---------------------------------------------------------

    def resolve(self, value: Value) -> Value:
        """A value of a variable with an :class:`Opaque` in its place looked up."""
        if not isinstance(value, Opaque):
            return value
        if value.type_system != "MCOS":
            raise unsupported(
                f"{value.class_name} is an object of {value.type_system or 'unknown kind'}, "
                "not of MATLAB.",
                remedy=_AS_ARRAYS,
            )
        if isinstance(value.value, StructArray) and ENUMERATION_TAG in value.value:
            return self._enumeration(value.value)
        if not isinstance(value.value, np.ndarray) or value.value.dtype != np.uint32:
            what = f"An object of class {value.class_name} is saved in a form that is not known."
            raise unsupported(what, remedy=_AS_ARRAYS)
        return self.reference(value.value, value.class_name)

    def reference(self, array: Array, class_name: str = "") -> Value:
        """The object or objects that a reference names.

        A 1 x 1 reference gives a :class:`MatObject` or, for MATLAB's own value classes, a
        plain value; any other size gives an :class:`ObjectArray`. Raises ``CorruptFileError``.
        """
        words = array.ravel(order="F")
        shape = reference_shape(words)
        if shape is None:
            raise corrupt("A reference to objects makes no sense.")
        object_ids = words[2 + len(shape) : -1].tolist()
        class_name = class_name or self._index.class_name(int(words[-1]))
        what = f"An array has {len(object_ids)} objects"
        self._limits.check("max_elements", len(object_ids), what)
        if len(object_ids) != 1:
            elements = [self._element(object_id, class_name) for object_id in object_ids]
            return ObjectArray(class_name, shape, elements)
        if not object_ids[0]:
            return self._element(0, class_name)
        return self._value(object_ids[0])

    def _element(self, object_id: int, class_name: str) -> MatObject:
        if not object_id:  # a handle object that was deleted before it was saved
            return MatObject(class_name, dict)
        return self.get(object_id)

    def get(self, object_id: int) -> MatObject:
        """One object by its number; its properties are decoded when asked for."""
        with self._lock:
            if object_id not in self._objects:
                entry = self._index.entry(object_id)
                class_name = self._index.class_name(entry.class_id)
                load = partial(self._load, object_id, entry, class_name)
                self._objects[object_id] = MatObject(class_name, load)
            return self._objects[object_id]

    def _value(self, object_id: int) -> Value:
        """An object, as a plain value where its class has one."""
        with self._lock:
            obj = self.get(object_id)
            if obj.class_name not in plain.CONVERTERS:
                return obj
            if object_id not in self._plain:
                self._plain[object_id] = self._convert(object_id, obj)
            return self._plain[object_id]

    def _convert(self, object_id: int, obj: MatObject) -> Value:
        try:
            if object_id in self._converting:
                raise CorruptFileError(
                    f"A {obj.class_name} contains itself.",
                    remedy="remove the cycle in MATLAB and save the file again.",
                )
            if len(self._converting) >= _DEEPEST_PLAIN:
                raise LimitExceededError(
                    f"Tables and maps are nested more than {_DEEPEST_PLAIN} deep.",
                    remedy="save the inner ones as variables of their own.",
                )
            self._converting.append(object_id)
            try:
                with only_matfile_errors(f"a {obj.class_name}"):
                    return plain.to_plain(obj.class_name, obj.properties, self._byte_order)
            finally:
                self._converting.pop()
        except MatFileError as error:
            return Damaged(obj.class_name, error)

    # -- properties ------------------------------------------------------------------------

    def _load(self, object_id: int, entry: ObjectEntry, class_name: str) -> dict[str, Value]:
        what = f"object {object_id} ({class_name})"
        where = (what,) if place() or not self._file else (self._file, what)
        with self._lock, locating(*where), only_matfile_errors(what):
            properties = self._class_defaults(entry.class_id)
            for saved in self._index.properties(entry):
                properties[saved.name] = self._property(saved)
            self._journal.report()
            for number, dynamic in enumerate(self._index.dynamic_properties(entry), 1):
                properties[f"__dynamic_property__{number}"] = self.get(dynamic)
            return properties

    def _property(self, saved: Property) -> Value:
        try:
            with only_matfile_errors(f"the property {saved.name}"), locating(f".{saved.name}"):
                if saved.kind == PropertyKind.CELL:
                    return self._cell(self._index.property_cell(saved.value))
                if saved.kind == PropertyKind.NAME:
                    return self._index.name(saved.value)
                if saved.kind == PropertyKind.NUMBER:
                    dtype = np.bool_ if saved.value < 2 else np.uint32
                    return np.array([[saved.value]], dtype)
                raise unsupported(f"Property kind {saved.kind} is not known (0 to 2 are).")
        except MatFileError as error:
            return self._journal.set_aside("unknown", error, ())

    def _cell(self, number: int) -> Value:
        """A cell of the store with its references looked up; objects may share one."""
        if number not in self._cells:
            self._cells[number] = replace_leaves(self._get_cell(number), self._lookup)
        return self._cells[number]

    def _lookup(self, value: Value) -> Value:
        """A leaf within a property value; what cannot be looked up is :class:`Damaged`."""
        try:
            if isinstance(value, StructArray) and ENUMERATION_TAG in value:
                return self._enumeration(value)
            return self.reference(value) if _is_reference(value) else self.resolve(value)
        except MatFileError as error:
            class_name = value.class_name if isinstance(value, Opaque) else "unknown"
            return Damaged(class_name, error)

    def _class_defaults(self, class_id: int) -> dict[str, Value]:
        """Defaults that a class saved with the file, for properties left unchanged."""
        cells = self._default_cells
        defaults = cells[class_id] if class_id < len(cells) else None
        if not isinstance(defaults, StructArray) or len(defaults) != 1:
            return {}
        # Each class by itself: looking up the defaults of one may need those of another.
        return {
            name: replace_leaves(values[0], self._lookup)
            for name, values in defaults.fields.items()
        }

    @cached_property
    def _default_cells(self) -> list[Value]:
        return cell_items(self._get_cell(self._index.defaults_cell))

    # -- enumerations ----------------------------------------------------------------------

    def _enumeration(self, struct: StructArray) -> Value:
        """Members of an enumeration: objects with the properties Name and Value."""
        with only_matfile_errors("an enumeration"):
            class_name = self._index.class_name(int(struct["ClassName"].item()))
            names = [self._index.name(int(n)) for n in struct["ValueNames"].ravel(order="F")]
            values = list(struct["Values"].ravel(order="F"))
            indices: Array = struct["ValueIndices"]
            what = f"An array has {indices.size} members of an enumeration"
            self._limits.check("max_elements", indices.size, what)
            members = [
                self._member(class_name, names, values, int(i)) for i in indices.ravel(order="F")
            ]
        if indices.size == 1:
            return members[0]
        return ObjectArray(class_name, tuple(indices.shape), members)

    def _member(
        self, class_name: str, names: list[str], values: list[Value], index: int
    ) -> MatObject:
        if not 0 <= index < len(names):
            raise corrupt(f"{class_name} has no member {index}.")
        value = self._lookup(values[index]) if index < len(values) else None
        return MatObject(class_name, lambda: {"Name": names[index], "Value": value})


def looked_up(root: Value, objects: Callable[[], ObjectTable], *, skip: bool) -> Value:
    """``root`` with every object that it refers to in its place; :class:`Damaged` where none is.

    ``objects`` gives the table of the file; with ``skip`` it is not asked.
    """

    def one(value: Value) -> Value:
        if not isinstance(value, Opaque):
            return value
        name = value.class_name
        if skip:
            said = f"An object of class {name} was left out because skip_objects is set."
            return Damaged(name, unsupported(said, remedy="open the file without skip_objects."))
        try:
            return objects().resolve(value)
        except MatFileError as error:
            return Damaged(name, error)

    return replace_leaves(root, one)


def reference_shape(words: Array) -> Shape | None:
    """The size of the object array that a reference names; ``None`` if it is no reference."""
    if len(words) < 2 or words[0] != REFERENCE:
        return None
    dimensions = int(words[1])
    shape = tuple(words[2 : 2 + dimensions].tolist())
    if dimensions < 2 or len(words) < 3 + dimensions:
        return None
    return shape if len(words) == 3 + dimensions + math.prod(shape) else None


def _is_reference(value: Value) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.dtype == np.uint32
        and value.ndim == 2
        and value.shape[1] == 1
        and value.shape[0] > 3
        and value[0, 0] == REFERENCE
    )
