"""What all layers share: properties, display, equality, saved fields, torch modules."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..arrays import Array, as_tuple
from ..display import matlab_text
from ..errors import (
    PropertyError,
    ReadOnlyPropertyError,
    UnsupportedLayerError,
    UsageError,
    locating,
    place,
    warn,
)
from ..execution.described import Computed, Factors, RunOptions
from ..matlab_names import function_name
from ..wording import argument
from .formats import require_format
from .learnables import Learnable, Parameter
from .properties import (
    HYPERPARAMETERS,
    LEARNABLE_PARAMETERS,
    REQUIRED,
    STATE_PARAMETERS,
    Property,
    positive_integer,
)
from .properties import shown as shown_value
from .properties import text as text_property
from .saved_fields import EVERYWHERE, OF_PARAMETERS, SavedField, check_known, declaration, is_empty

if TYPE_CHECKING:
    import torch

    from ..engine.precision import DeviceLike, DTypeLike
    from ..execution.described import Plan

#: (numIn, numOut) of an initializer, as the documentation of the layer defines them.
Fans = tuple[int, int]

#: The format of what layers of one, two and three dimensions work over if nothing else is said.
_IMAGES = {1: "CBT", 2: "SSCB", 3: "SSSCB"}

#: Packages of classes that MATLAB and its toolboxes define. What a field of theirs does that is
#: not declared here nobody knows; a class of a user's own is what its author makes of it.
_MATLABS_OWN = ("nnet.", "rl.", "vision.", "images.", "textanalytics.", "audio.", "signal.")

#: MATLAB class name -> the layer class for its objects, see :mod:`matlab_compat.layers.registry`.
CLASSES: dict[str, type[Layer]] = {}


def enter(matlab_class: str, kind: type[Layer]) -> None:
    """Make ``kind`` the layer class for ``matlab_class``; ``UsageError`` if another is."""
    if CLASSES.setdefault(matlab_class, kind) is not kind:
        raise UsageError(f"'{matlab_class}' is registered already.")


class Layer:
    """A MATLAB layer: a value object with MATLAB's property names, validation and display.

    A subclass says what it is by class keywords, which also register it::

        class LeakyReLULayer(
            Layer, optional=("Scale",), type_text="Leaky ReLU",
            module=("torch.nn.LeakyReLU", "Scale"), description="Leaky ReLU with scale {Scale:g}",
        ): ...

    One with a ``type_text`` is a layer of MATLAB's: unless told otherwise it is ``saved_as``
    ``nnet.cnn.layer.LeakyReLULayer``, its ``constructor`` is ``leakyReluLayer``, and the positional
    ``arguments`` of that are the properties without a default, then the ``optional`` ones. The
    first keywords are the class attributes of the same names (``saved_as`` is ``matlab_class``); a
    class may set those instead, and be registered by :func:`~matlab_compat.register`.

    It declares its properties (see :mod:`matlab_compat.layers.properties`) and may check them
    against each other in :meth:`_validate`. Other keywords are:

    * ``module``: the torch module that computes it (or the function that makes that), by its full
      name (``engine.structure.Folding`` is one of matlab_compat's own), and what it is made with,
      properties by their names and other values. :meth:`_module_arguments` gives what depends on
      more, and comes before these; what this cannot say is made in :meth:`_build`.
    * ``dims``: the number of dimensions, where there is a class for each. Its
      :class:`~matlab_compat.layers.properties.PerDimension` properties follow.
    * ``input_formats``: the formats that it takes, if not any.
    * ``channels``: the property that counts the channels of its input.
    * ``example``: the arguments of a call of its constructor function, for the documentation.
    * ``description``: its text in the rows of a layer array, with properties in braces.

    Raises
    ------
    PropertyError
        A value that MATLAB would refuse.
    """

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
    #: not known, or not all (see :mod:`matlab_compat.network.multiply_adds`).
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

    def __init__(self, **values: object) -> None:
        self._values: dict[str, Any] = {}
        #: Fields of the file that are no properties of the layer, kept as they were.
        self.extra: dict[str, Any] = {}
        self._ignored: frozenset[str] = frozenset()
        unknown = [name for name in values if name not in self.properties]
        if unknown:
            raise PropertyError(
                f"{type(self).__name__} has no property '{unknown[0]}'; it has "
                f"{', '.join(self.properties)}."
            )
        given = {name: declared.default for name, declared in self.properties.items()} | values
        if missing := [name for name, value in given.items() if value is REQUIRED]:
            raise PropertyError(f"{self.constructor} needs {' and '.join(missing)}.")
        self.assign(given)

    # --- properties ---------------------------------------------------------------------

    @property
    def values(self) -> Mapping[str, Any]:
        """All properties by name, in order, as they are now; set them by their names.

        ``reluLayer(Name="relu").values["Name"]`` is ``"relu"``.
        """
        return MappingProxyType(self._values)

    def assign(self, values: Mapping[str, object]) -> None:
        """Set properties that only together make sense, also those chosen at creation.

        ``layer.assign({"Weights": W, "Bias": b})``. They are converted, set, and then checked as
        a whole; on any error nothing has changed.

        Raises
        ------
        PropertyError
            A value that MATLAB would refuse.
        """
        before = dict(self._values)
        with locating(self.label):
            try:
                for name, value in values.items():
                    self._values[name] = self.properties[name].converted(value)
                self._validate()
            except Exception:
                self._values = before
                raise
        for name in values:
            self._warn_if_not_finite(name)

    def _warn_if_not_finite(self, name: str) -> None:
        """Say which array spoils the results: what a training that diverged leaves in a file."""
        array = self._values[name]
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            return
        if count := array.size - int(np.count_nonzero(np.isfinite(array))):
            warn(
                f"{self.label}: {name} holds NaN or Inf in {count} of its {array.size} elements "
                "(a training that diverged leaves them). It runs as in MATLAB; outputs that "
                "depend on them are no numbers.",
                where=place(),
            )

    def _validate(self) -> None:
        """Check properties against each other; set derived ones through ``self._values``."""

    def __setattr__(self, name: str, value: object) -> None:
        fixed = getattr(type(self), name, None)
        if isinstance(fixed, property) and fixed.fset is None:
            raise ReadOnlyPropertyError(
                f"{name} is read-only.",
                where=(self.label, name),
                remedy=f"it follows from the layer: here it is always {getattr(self, name)!r}.",
            )
        if name.startswith("_") or name == "extra" or hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            raise PropertyError(
                f"{type(self).__name__} has no property '{name}'.", where=(self.label,)
            )

    @classmethod
    def automatic_name(cls) -> str:
        """What MATLAB names such a layer, before any number: ``relu``."""
        return cls.stem or (cls.constructor or cls.__name__).removesuffix("Layer").lower()

    @classmethod
    def expansions(cls) -> dict[str, Callable[[object], dict[str, object]]]:
        """Arguments of the constructor function that set properties of other names, or several."""
        return {}

    def renamed(self, name: str) -> Self:
        """A copy under another name, with the same arrays."""
        new = copy.copy(self)
        new._values = {**self._values, "Name": name}
        return new

    @property
    def label(self) -> str:
        """How messages name the layer: its name if it has one, else its class."""
        name = self._values.get("Name")
        return f"layer '{name}'" if name else type(self).__name__

    @property
    def NumInputs(self) -> int:
        """Number of inputs."""
        return len(self.InputNames)

    @property
    def InputNames(self) -> list[str]:
        """Names of the inputs, ``{'in'}`` for most layers."""
        return [*self._input_names, *self._asked_for(self._optional_inputs)]

    @property
    def NumOutputs(self) -> int:
        """Number of outputs."""
        return len(self.OutputNames)

    @property
    def OutputNames(self) -> list[str]:
        """Names of the outputs, ``{'out'}`` for most layers."""
        return [*self._output_names, *self._asked_for(self._optional_outputs)]

    def _asked_for(self, ports: Mapping[str, tuple[str, ...]]) -> list[str]:
        return [port for name, those in ports.items() if self._values[name] for port in those]

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """The declared learnables and states."""
        return {k: v for k, v in cls.properties.items() if isinstance(v, Parameter)}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(same_value(v, other._values[name]) for name, v in self._values.items())

    __hash__ = None  # type: ignore[assignment]  # mutable, compared by value

    @property
    def class_name(self) -> str:
        """The class in MATLAB."""
        return self.matlab_class

    @property
    def type_name(self) -> str:
        """What MATLAB calls its kind; where nothing says that, its class without the package."""
        return self.type_text or self.class_name.rpartition(".")[2]

    @property
    def reason(self) -> str:
        """Why the layer cannot be built; empty where it can."""
        return ""

    # --- files --------------------------------------------------------------------------

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The layer that the saved ``fields`` describe.

        Names match without regard to case; a learnable may be an array or the struct
        {Value, LearnRateFactor, L2Factor, Initializer} of native objects, given as a dict.
        Fields that are no properties are kept in :attr:`extra`; so are those within the structs
        of learnables, as ``Weights.Name``, that nothing is known of.

        Raises
        ------
        PropertyError
            They contradict each other or MATLAB's rules; or two are one property, as ``Weights``
            and ``weights``.
        """
        known = {name.lower(): name for name in cls.properties}
        for canonical, declared in cls.properties.items():
            known.update({alias.lower(): canonical for alias in declared.saved_as})
        values: dict[str, object] = {}
        extra: dict[str, Any] = {}
        for field, value in fields.items():
            if (name := known.get(field.lower())) is None:
                extra[field] = value
                continue
            if alike := [f for f in fields if f != field and f.lower() == field.lower()]:
                raise PropertyError(
                    f"{field} and {alike[0]} are both there: which of them is {name} is not known.",
                    where=(cls.matlab_class.rpartition(".")[2], name),
                    remedy="leave one of them.",
                )
            if isinstance(value, Mapping):
                extra.update(cls._undeclared_within(name, value))
            if isinstance(value, Mapping) and "Value" in value:
                values.update(cls._from_learnable(name, value))
            else:
                values[name] = value
        layer = cls._from_values(values, extra)
        layer.extra = extra
        return layer

    @classmethod
    def _undeclared_within(cls, name: str, struct: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a saved struct that nothing is declared of, under dotted names."""
        if isinstance(cls.properties[name], Parameter):
            own = {f"{name}.{field}".lower(): v for field, v in OF_PARAMETERS.items()}
        elif any(field.startswith(f"{name.lower()}.") for field in cls._declared_fields):
            own = cls._declared_fields
        else:
            return {}  # the struct itself is the value: a function, a nested network
        dotted = {f"{name}.{field}": value for field, value in struct.items()}
        return {field: value for field, value in dotted.items() if not declaration(field, own)}

    def unread_fields(self) -> dict[str, Any]:
        """The fields of the file that may change what the layer computes and are not read.

        A field of the file is a property, or declared in :attr:`saved_fields`, or is in here
        unless it is empty; a declared one is in here if it has another value than its neutral one.
        Of classes that are not MATLAB's own (no package ``nnet``, ``rl`` ...) all fields are their
        author's business: what the class does not declare is in :attr:`extra`, and never in here.
        """
        return {name: value for name, value in self.extra.items() if self._is_unread(name, value)}

    def _is_unread(self, name: str, value: object) -> bool:
        field = declaration(name, self._declared_fields)
        if field is not None:
            return field.refuses(value)
        ours = self.matlab_class.startswith(_MATLABS_OWN)
        return ours and not is_empty(value) and name not in self._ignored

    def unknown_fields(self) -> list[str]:
        """The names of :meth:`unread_fields` that nothing is declared of."""
        return [n for n in self.unread_fields() if not declaration(n, self._declared_fields)]

    def ignore_fields(self, *names: str) -> Self:
        """State that fields of the file that are not known here have no effect on the results.

        Parameters
        ----------
        names:
            Some of :meth:`unknown_fields`. For all layers of a file: ``load(path,
            ignore_fields=["Name"])``.

        Raises
        ------
        UsageError
            There is no such field, or it is known to have an effect.
        """
        with locating(self.label):
            check_known(names, self.unknown_fields())
        self._ignored |= set(names)
        return self

    def refusal(self) -> UnsupportedLayerError | None:
        """The error for running the layer with the fields that the file has; ``None`` if it can.

        It names all of :meth:`unread_fields`, their values, and what to do about them.
        """
        unread = self.unread_fields()
        if not unread:
            return None
        lines, remedies = [], []
        for name, value in unread.items():
            field = declaration(name, self._declared_fields)
            why = field.why if field else "a field that this version does not know"
            lines.append(f"{name} is {shown_value(value)}: {why}")
            if field and field.remedy:
                remedies.append(field.remedy)
        if unknown := self.unknown_fields():
            said = argument("ignore_fields", unknown)
            remedies.append(f"a field that is not known and has no effect on results: {said}.")
        return UnsupportedLayerError(
            f"This {type(self).__name__} was saved with what cannot be run here. "
            f"{'; '.join(lines)}.",
            where=(", ".join(unread),),
            remedy=" ".join(remedies),
        )

    @classmethod
    def _from_values(cls, values: dict[str, object], extra: Mapping[str, Any]) -> Self:
        """Construct from recognised fields; a hook for what old files write differently."""
        return cls(**values)

    @classmethod
    def _from_learnable(cls, name: str, saved: Mapping[str, Any]) -> dict[str, object]:
        """The saved struct of one learnable as property values."""
        declared = cls.properties[name]
        if not isinstance(declared, Learnable):
            return {name: saved["Value"]}
        initializer = saved.get("Initializer")
        beside = {
            declared.learn_rate_factor: saved.get("LearnRateFactor"),
            declared.l2_factor: saved.get("L2Factor"),
            f"{name}Initializer": initializer if isinstance(initializer, Mapping) else None,
        }
        known = {k: v for k, v in beside.items() if k in cls.properties and v is not None}
        return {name: saved["Value"], **known}

    def about_code(self) -> dict[str, Any]:
        """What a layer that the user's MATLAB code computes was read as; empty for all others."""
        return {}

    # --- torch --------------------------------------------------------------------------

    @property
    def default_formats(self) -> tuple[str, ...]:
        """The formats that inputs without labels are taken to have."""
        return (self.default_format,) * self.NumInputs

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Labels of the outputs, given those of the inputs, in MATLAB's order ("SSCB").

        Raises
        ------
        DataFormatError
            The layer does not take these inputs.
        """
        if self.input_formats:
            require_format(formats[0], self.input_formats)
        return (formats[0],) * self.NumOutputs

    def to_torch(
        self,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        *,
        formats: Sequence[str] | None = None,
    ) -> torch.nn.Module:
        """A torch module that computes what the layer computes.

        It takes and gives tensors in torch's order, batch, channel, space, time: N,C,H,W for
        "SSCB", N,C for "CB", N,C,T for "CBT". Its parameters are ordinary torch parameters,
        float32 unless ``dtype`` says otherwise ("single", "double", "half", "bfloat16" or a
        torch dtype). ``formats`` are the labels of the inputs, where they make a difference.

        Raises
        ------
        PropertyError
            A learnable is empty: the layer has not been trained or initialized.
        UnsupportedLayerError
            The layer has a setting that this version cannot run, or was saved with a field that
            may matter and is not read (:meth:`unread_fields`).
        """
        with locating(self.label):
            self._refuse_unread()
            given = tuple(formats or self.default_formats)
            self.output_formats(given)  # refuses what the layer does not take
            return self._filled(given, device, dtype)

    def _refuse_unread(self) -> None:
        if (refusal := self.refusal()) is not None:
            raise refusal

    def _filled(
        self, formats: tuple[str, ...], device: DeviceLike | None, dtype: DTypeLike | None
    ) -> torch.nn.Module:
        """The module with the values of its parameters."""
        from ..execution.parameters import load_parameters

        module = self._build(formats)
        return load_parameters(module, self.torch_state(), self.torch_factors(), device, dtype)

    def _build(self, formats: tuple[str, ...]) -> torch.nn.Module:
        """The module with parameters of the right shape; their values are filled in after."""
        return self._maker()(*self._module_arguments(formats), *self._module_values())

    @classmethod
    def _maker(cls) -> Callable[..., torch.nn.Module]:
        """What the keyword ``module`` names; imported here, since it may need torch."""
        if not cls._torch_module:
            raise UnsupportedLayerError(f"{cls.matlab_class} cannot be run by this version.")
        home, _, name = str(cls._torch_module[0]).rpartition(".")
        home = f"matlab_compat.{home}" if home.startswith(("engine.", "code.")) else home
        made: Callable[..., torch.nn.Module] = getattr(import_module(home), name)
        return made

    def _module_values(self) -> list[Any]:
        """The values that the keyword ``module`` names after it."""
        given = self._torch_module[1:]
        return [self._values[one] if isinstance(one, str) else one for one in given]

    @classmethod
    def torch_module(cls) -> tuple[object, ...]:
        """The keyword ``module`` where it is one of torch's and says all; else nothing."""
        own = cls._module_arguments is not Layer._module_arguments
        is_torchs = str(next(iter(cls._torch_module), "")).startswith("torch.nn.")
        return cls._torch_module if is_torchs and not own else ()

    def in_torch(self) -> str:
        """How torch writes it, ``torch.nn.LeakyReLU(0.1)``; "" where that needs more than this."""
        path, *_ = self.torch_module() or ("",)
        return f"{path}({', '.join(map(repr, self._module_values()))})" if path else ""

    def _module_arguments(self, formats: tuple[str, ...]) -> tuple[Any, ...]:
        """What the module is made with before the values that the keyword ``module`` names."""
        return ()

    def torch_names(self, name: str) -> tuple[str, ...]:
        """The torch parameters that hold the learnable ``name``: one, unless a layer says so."""
        layout = self.parameters()[name].layout
        return (layout.torch_name,) if layout is not None else ()

    def torch_state(self) -> dict[str, Array]:
        """Parameters and states under their torch names, in torch's layout, C-contiguous."""
        return {
            declared.layout.torch_name: declared.layout.to_torch(self.parameter_value(name))
            for name, declared in self.parameters().items()
            if declared.layout is not None
        }

    def torch_factors(self) -> dict[str, Factors]:
        """Torch parameter name to the factors of the learnable that it holds."""
        return {
            torch_name: Factors(
                self._values[declared.learn_rate_factor], self._values[declared.l2_factor]
            )
            for name, declared in self.parameters().items()
            if isinstance(declared, Learnable)
            for torch_name in self.torch_names(name)
        }

    def parameter_value(self, name: str) -> Array:
        """The array of a learnable or state, which must have been set.

        Raises
        ------
        PropertyError
            It is empty: the layer has not been trained or initialized.
        """
        value: Array = self._values[name]
        if value.size == 0:
            raise PropertyError(
                f"{name} is empty: the layer has not been trained or initialized.",
                where=(name,),
                remedy="layer.initialize(...) here, or save the network after training.",
            )
        return value

    def assign_from_torch(self, module: torch.nn.Module) -> Self:
        """Take over the (trained) parameters of ``module``, the inverse of :meth:`to_torch`."""
        state = module.state_dict()
        return self.assign_state({name: t.detach().cpu().numpy() for name, t in state.items()})

    def assign_state(self, state: Mapping[str, Array]) -> Self:
        """Take over parameters and states as :meth:`torch_state` gives them, its inverse."""
        values = {
            name: declared.layout.from_torch(
                state[declared.layout.torch_name], self.parameter_value(name).shape
            )
            for name, declared in self.parameters().items()
            if declared.layout is not None
        }
        self.assign(values)
        return self

    def predict(
        self,
        X: object,
        data_format: str | Sequence[str] | None = None,
        *,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        allow_tf32: bool = False,
    ) -> Any:
        """The layer's output for data in MATLAB order.

        Parameters
        ----------
        X:
            An array in MATLAB order (H×W×C×N for "SSCB"), or a ``dlarray``; a tuple of them for
            a layer of several inputs. Dropped trailing dimensions are put back.
        data_format:
            Labels of the dimensions of X, in any order; one for all inputs, or one for each.
        device, dtype:
            "cpu", "cuda" or "auto"; "single" (default, as MATLAB), "double", "half", "bfloat16".
        allow_tf32:
            Let an NVIDIA GPU round float32 to TF32. Off: parity needs all bits.

        Returns
        -------
        An array in MATLAB order (a ``dlarray`` if one went in); a tuple for several outputs.

        Raises
        ------
        DataFormatError
            The data does not fit the layer.
        PropertyError
            The layer has not been trained or initialized.
        """
        with locating(self.label):
            return self._predicted(X, data_format, device, dtype, allow_tf32)

    def parameter_values(self) -> list[Array]:
        """The values of all learnables and states that have any."""
        values = [self.values[name] for name in self.parameters()]
        return [value for value in values if value.size]

    def predict_all(self, X: Sequence[object], **options: Any) -> Any:
        """:meth:`predict` for a list of all inputs."""
        return self.predict(X[0] if len(X) == 1 else tuple(X), **options)

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """See :class:`matlab_compat.execution.described.ModelLike`; there are no activations."""
        from ..execution.layer import predict_layer

        if how.inside is None:
            at = {"device": how.device, "dtype": how.dtype, "allow_tf32": how.allow_tf32}
            return Computed(as_tuple(self.predict_all(X, data_format=how.data_format, **at)), {})
        formats = self.default_formats if how.data_format is None else how.data_format
        given = X[0] if len(X) == 1 else tuple(X)
        at_once = how.device, how.dtype, how.allow_tf32, how.inside
        return Computed(as_tuple(predict_layer(self, given, formats, *at_once)), {})

    def _predicted(self, X: object, data_format: str | Sequence[str] | None, *how: Any) -> Any:
        """As :meth:`predict`, ``how`` being its other arguments; a layer may have a faster way."""
        from ..execution.layer import predict_layer

        formats = self.default_formats if data_format is None else data_format
        return predict_layer(self, X, formats, *how)

    def rounding_scale(self, X: object, data_format: str) -> Array | None:
        """What the roundings of each output element are proportional to, if a formula says it.

        Parameters
        ----------
        X, data_format:
            The input in MATLAB order, and the labels of its dimensions.
        """
        return None

    def input_format(self) -> str | None:
        """The labels of the data that enters a network here, with B; ``None`` of other layers."""
        return None

    def input_size(self) -> tuple[int, ...] | None:
        """The size of one observation that enters here, in MATLAB's order, without B and T."""
        return None

    def least_steps(self) -> int:
        """The fewest time steps that the layer takes."""
        return 1

    def networks(self) -> Mapping[str, Any]:
        """The networks within it, by the property that holds each."""
        return {}

    def inner_plan(self, formats: Sequence[str]) -> Plan[Layer] | None:
        """The order of computation of the network that the layer is made of, if it is."""
        return None

    def classes(self) -> list[str] | None:
        """The names of the classes, in the order of the channels, of an output layer with any."""
        return None

    def learnables(self) -> dict[str, Array]:
        """The learnables that have a value, by name."""
        return {
            name: self._values[name]
            for name, declared in self.parameters().items()
            if isinstance(declared, Learnable) and self._values[name].size
        }

    def learnable_sizes(self, channels: int | None = None) -> dict[str, tuple[int, ...]]:
        """MATLAB's size of each learnable, by name: of its value, or of what initializes it.

        Parameters
        ----------
        channels:
            Channels (or features) of the input, where the layer does not know them itself. Without
            them only the learnables that have a value are there.
        """
        found = {name: array.shape for name, array in self.learnables().items()}
        missing, channels = self.missing_learnables(), self.input_channels() or channels
        if not missing or channels is None:
            return found
        sizes = self._parameter_sizes(channels)
        found |= {name: sizes[name][0] for name in missing if name in sizes}
        return {name: found[name] for name in self.parameters() if name in found}

    def missing_learnables(self) -> list[str]:
        """Those of :meth:`missing_parameters` that are trained."""
        declared = self.parameters()
        return [n for n in self.missing_parameters() if isinstance(declared[n], Learnable)]

    def takes_complex(self) -> bool:
        """Whether complex numbers may go in: a layer that makes real ones of them."""
        return self.makes_real

    def input_channels(self) -> int | None:
        """The number of channels (or features) that the input must have, where it is known."""
        number = self._values.get(self._channels_property)
        return number if isinstance(number, int) else None

    def example_channels(self) -> tuple[int | None, ...]:
        """A number of channels that each input may have, where one is known."""
        return (self.input_channels(),) * self.NumInputs

    def channels_of(self, shape: Sequence[int], data_format: str) -> int:
        """What :meth:`input_channels` counts in an input of this MATLAB size and format."""
        return int(shape[data_format.index("C")])

    def initialize(
        self, numChannels: int | None = None, seed: int | torch.Generator | None = None
    ) -> Self:
        """Fill learnables and state where they are empty, by their initializers.

        Parameters
        ----------
        numChannels:
            Channels (or features) of the input, needed where the layer does not know them yet.
        seed:
            An int or a ``torch.Generator``. MATLAB's own random stream cannot be reproduced.

        Notes
        -----
        Before R2019a the default of convolutions was 'narrow-normal'; pass
        ``WeightsInitializer="narrow-normal"`` to get it.

        Raises
        ------
        PropertyError
            The number of channels is 'auto' and not given.
        """
        empty = [name for name in self.parameters() if self._values[name].size == 0]
        if empty:
            with locating(self.label):
                self.assign(self._initial(empty, numChannels, seed))
        return self

    def _initial(self, names: Sequence[str], given: int | None, seed: Any) -> dict[str, Array]:
        from ..engine.initializers import generator, sample

        channels = self._input_channels(given)
        source, sizes = generator(seed), self._parameter_sizes(channels)
        return {
            name: sample(self._initializer(name), *sizes[name], source)
            for name in names
            if name in sizes
        }

    def _input_channels(self, given: object) -> int:
        """The layer's own number, or the one given, which may not contradict it."""
        try:
            number = None if given is None else positive_integer(given)
        except ValueError as error:
            raise PropertyError(f"numChannels {error}; got {given!r}.") from None
        known = self.input_channels() or number
        if number not in (None, known):
            raise PropertyError(
                f"The layer has {known} input channels, not {number}.", where=("NumChannels",)
            )
        if known is None:
            raise PropertyError(
                "The number of input channels is 'auto'.",
                where=("NumChannels",),
                remedy="pass numChannels: layer.initialize(numChannels=3).",
            )
        return known

    def _initializer(self, name: str) -> str | Callable[..., Any]:
        """The initializer of a learnable; states have fixed ones."""
        fixed = {"TrainedMean": "zeros", "TrainedVariance": "ones"}
        chosen: str | Callable[..., Any] | None = self._values.get(f"{name}Initializer")
        return chosen or fixed.get(name, "zeros")

    def _parameter_sizes(self, channels: int) -> dict[str, tuple[tuple[int, ...], Fans]]:
        """MATLAB size and (numIn, numOut) of each learnable and state, for that many channels."""
        return {}

    def missing_parameters(self) -> list[str]:
        """The learnables and states that have no value, though the layer computes with them."""
        declared = self.parameters()
        needed = (name for name in self._needed_parameters() if name in declared)
        return [name for name in needed if self._values[name].size == 0]

    def _needed_parameters(self) -> Sequence[str]:
        """The learnables and states without which the layer is not initialized."""
        return tuple(self._parameter_sizes(1))

    # --- display ------------------------------------------------------------------------

    def description(self) -> str:
        """The last column of the layer's row in a layer array, as MATLAB words it."""
        return self._description.format_map(self._values) or self.type_text

    def __str__(self) -> str:
        groups: dict[str, list[tuple[str, object]]] = {}
        for name, declared in self.properties.items():
            if declared.group is not None:
                groups.setdefault(declared.group, []).append((name, self._values[name]))
        shown = [name for rows in groups.values() for name, _ in rows]
        width = max(18, 4 + max(len(name) for name in shown))
        lines = [f"  {type(self).__name__} with properties:", ""]
        for heading in ("", HYPERPARAMETERS, LEARNABLE_PARAMETERS, STATE_PARAMETERS):
            rows = groups.get(heading, [])
            if rows and heading:
                lines.append(f"   {heading}")
            lines += [f"{name:>{width}}: {self._shown(name, value)}" for name, value in rows]
            if rows:
                lines.append("")
        return "\n".join([*lines, "  Show all properties"])

    def _shown(self, name: str, value: object) -> str:
        """How ``print(layer)`` shows one property: a learnable always as size and class."""
        if isinstance(self.properties[name], Parameter) and isinstance(value, np.ndarray):
            from ..display import array_text

            return array_text(value)
        return matlab_text(value)

    def __repr__(self) -> str:
        """An expression that gives the layer back.

        It evaluates after ``from matlab_compat import *`` and ``import numpy as np``. Arrays of
        more elements than a twentieth of numpy's printing threshold (50 of 1000) are abbreviated;
        inside ``numpy.printoptions(threshold=sys.maxsize)`` they are whole.
        """
        given = [_literal(self._values[name]) for name in self.positional_arguments()]
        for name, value in self.constructor_options().items():
            if not same_value(value, self.constructor_defaults().get(name)):
                given.append(f"{name}={_literal(value)}")
        return f"{self.constructor}({', '.join(given)})"

    def _repr_html_(self) -> str:
        from ..pages.markup import preformatted
        from ..pages.notebook import fragment
        from ..pages.weights import weights_table

        heading = f"{self.Name or type(self).__name__}: {self.description()}"
        parts = preformatted(str(self)), weights_table(self.filled_parameters())
        return fragment(heading, *parts)

    def filled_parameters(self) -> list[tuple[str, np.ndarray[Any, Any]]]:
        """The learnables and states that have a value, by name."""
        return [(name, self._values[name]) for name in self.parameters() if self._values[name].size]

    def positional_arguments(self) -> tuple[str, ...]:
        """The positional arguments that give this layer back: no default at the end is said."""
        names, defaults = list(self.arguments), self.constructor_defaults()
        while names and names[-1] in self.optional:
            if not same_value(self._values[names[-1]], defaults.get(names[-1])):
                break
            names.pop()
        return tuple(names)

    def constructor_options(self) -> dict[str, object]:
        """Name-value arguments of the constructor function that give this layer back."""
        return {
            name: value
            for name, value in self._values.items()
            if name not in self.arguments and self.properties[name].argument is not None
        }

    def constructor_defaults(self) -> dict[str, object]:
        """What these are where the constructor function is not given them."""
        return {
            name: declared.converted(declared.default)
            for name, declared in self.properties.items()
            if declared.default is not REQUIRED
        }


def same_value(a: object, b: object) -> bool:
    """Whether two values of a property are the same: of arrays also the class; NaN is NaN."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        floats = a.dtype.kind == "f" and b.dtype.kind == "f"
        return a.dtype == b.dtype and bool(np.array_equal(a, b, equal_nan=floats))
    return bool(a == b)


def _literal(value: object) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size == 0:
        return "[]"
    if value.size > np.get_printoptions()["threshold"] // 20:
        return f"<{matlab_text(value)}>"
    numbers = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value.tolist()))
    return f"np.array({numbers}, dtype='{value.dtype}')"
