"""What the class of a layer says of it: by class keywords, which register it as well."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from ..errors import UsageError
from ..matlab_names import function_name
from .properties import REQUIRED, Property
from .properties import text as text_property
from .saved_fields import EVERYWHERE, SavedField

#: The format of what layers of one, two and three dimensions work over if nothing else is said.
_IMAGES = {1: "CBT", 2: "SSCB", 3: "SSSCB"}

#: MATLAB class name -> the layer class for its objects, see :mod:`matlab_compat.layers.registry`.
CLASSES: dict[str, type[Any]] = {}


def enter(matlab_class: str, kind: type[DeclaredLayer]) -> None:
    """Make ``kind`` the layer class for ``matlab_class``; ``UsageError`` if another is."""
    if CLASSES.setdefault(matlab_class, kind) is not kind:
        raise UsageError(f"'{matlab_class}' is registered already.")


class DeclaredLayer:
    """A layer as its class says what it is; the keywords are those of :class:`.base.Layer`."""

    #: The number format that it runs in where none is asked for.
    default_dtype: ClassVar[str] = "single"
    optional_inputs: ClassVar[tuple[str, ...]] = ()
    takes_cells: ClassVar[bool] = False
    #: Class name in MATLAB files.
    matlab_class: str = ""
    #: MATLAB's function that makes such a layer.
    constructor: ClassVar[str] = ""
    #: Positional arguments of that function.
    arguments: ClassVar[tuple[str, ...]] = ()
    #: Positional arguments that may be left out: the last ones.
    optional: ClassVar[tuple[str, ...]] = ()
    _derived_arguments: ClassVar[tuple[str, ...]] = ()
    #: What MATLAB calls the kind of layer in the rows of a layer array.
    type_text: ClassVar[str] = ""
    #: The format that data without labels is taken to have when the layer runs on its own.
    default_format: ClassVar[str] = "SSCB"
    #: What MATLAB's automatic names begin with; '' for the constructor's name without "Layer".
    stem: ClassVar[str] = ""
    #: Versions of the saved struct that were met in real files: "2, 3".
    versions: ClassVar[str] = ""
    #: A call of the constructor function, as :func:`repr` writes it, for the documentation.
    example: ClassVar[str] = ""
    #: The torch module by its full name, and the properties and values that it is made with.
    _torch_module: ClassVar[tuple[object, ...]] = ()
    #: The formats that the (first) input may have; none for any.
    input_formats: ClassVar[Collection[str]] = ()
    #: The same by the number of dimensions, for classes with the keyword ``dims``.
    _formats_for: ClassVar[Mapping[int, Collection[str]]] = {}
    #: The number of dimensions that the layer works over, where that makes classes of one family.
    dims: ClassVar[int] = 2
    #: The property that counts the channels (or features) of the input, 'auto' until it is known.
    _channels_property: ClassVar[str] = ""
    #: The last column of the layer's row in a layer array, where it is not ``type_text``.
    _description: ClassVar[str] = ""
    #: What is left to whoever uses a file of a network with this layer; '' for most.
    left_to_do: ClassVar[str] = ""
    #: Whether a network ends here: nothing is computed, the input is passed on.
    is_output: bool = False
    #: Whether the output has the size of the input.
    keeps_size: ClassVar[bool] = False
    #: Multiplications, each with an addition, for each number of the output; ``None`` where that is
    #: not known, or not all (see :meth:`.base.Layer.count_multiply_adds`).
    multiply_adds: ClassVar[int | None] = None
    #: Whether its output is real, whatever its input is.
    makes_real: ClassVar[bool] = False
    #: Names of the inputs and outputs that MATLAB gives the layer.
    _input_names: ClassVar[tuple[str, ...]] = ("in",)
    _output_names: ClassVar[tuple[str, ...]] = ("out",)
    #: Those that it has besides where a property is true.
    _optional_inputs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    _optional_outputs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: Declared properties by name, in order.
    properties: ClassVar[dict[str, Property[Any]]] = {}
    #: Fields of files that are no properties, by name or pattern; those of base classes hold too.
    #: Fields of a struct have dotted names: ``Normalization.ImageSize``.
    saved_fields: ClassVar[Mapping[str, SavedField]] = EVERYWHERE
    #: All of them, by lower-case names.
    _declared_fields: ClassVar[dict[str, SavedField]] = {}

    Name = Property(text_property, default="", group="")

    def __init_subclass__(
        cls,
        *,
        saved_as: str | tuple[str, ...] = (),
        constructor: str | None = None,
        arguments: tuple[str, ...] | None = None,
        optional: tuple[str, ...] | None = None,
        type_text: str | None = None,
        dims: int | None = None,
        default_format: str | None = None,
        stem: str | None = None,
        module: str | tuple[object, ...] | None = None,
        input_formats: Collection[str] | None = None,
        channels: str | None = None,
        description: str | None = None,
        saved_fields: Mapping[str, SavedField] | None = None,
        multiply_adds: int | None = None,
        versions: str = "",
        example: str = "",
    ) -> None:
        super().__init_subclass__()
        names = (saved_as,) if isinstance(saved_as, str) else saved_as
        if type_text is not None:
            if not names and "matlab_class" not in vars(cls):
                names = (f"nnet.cnn.layer.{cls.__name__}",)
            if constructor is None and "constructor" not in vars(cls):
                ours = names and names[0].startswith("nnet.cnn.layer.")
                constructor = function_name(cls.__name__) if ours else cls.__name__
        declared = {
            "matlab_class": names[0] if names else None,
            "constructor": constructor,
            "arguments": arguments,
            "optional": optional,
            "type_text": type_text,
            "dims": dims,
            "default_format": default_format or (dims and _IMAGES[dims]) or None,
            "stem": stem,
            "_torch_module": (module,) if isinstance(module, str) else module,
            "input_formats": input_formats or (dims and cls._formats_for.get(dims)),
            "_channels_property": channels,
            "_description": description,
            "saved_fields": saved_fields,
            "multiply_adds": multiply_adds,
        }
        for name, value in declared.items():
            if value is not None:
                setattr(cls, name, value)
        for name in names:
            enter(name, cls)
        found: dict[str, Property[Any]] = {}
        fields: dict[str, SavedField] = {}
        for base in reversed(cls.__mro__):
            found.update({k: v for k, v in vars(base).items() if isinstance(v, Property)})
            fields.update({k.lower(): v for k, v in vars(base).get("saved_fields", {}).items()})
        cls.properties = {name: declared.for_layer(cls) for name, declared in found.items()}
        cls._declared_fields = fields
        if type_text is not None:
            if cls.arguments in ((), cls._derived_arguments):
                required = [name for name, one in found.items() if one.default is REQUIRED]
                cls.arguments = cls._derived_arguments = (*required, *cls.optional)
            if cls.arguments == cls.optional:
                example = example or f"Name='{cls.automatic_name()}'"
        cls.versions = versions  # of this class, of none below it
        cls.example = f"{cls.constructor}({example})" if example else ""

    @classmethod
    def automatic_name(cls) -> str:
        """What MATLAB names such a layer, before any number: ``relu``."""
        return cls.stem or (cls.constructor or cls.__name__).removesuffix("Layer").lower()
