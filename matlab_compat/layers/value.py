"""A layer as a value: its properties by MATLAB's names, display, equality, and saved fields."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from ..display import array_text, matlab_text
from ..errors import (
    PropertyError,
    ReadOnlyPropertyError,
    UnsupportedLayerError,
    locating,
    place,
    warn,
)
from ..wording import argument
from .declared import DeclaredLayer
from .learnables import Learnable, Parameter
from .properties import HYPERPARAMETERS, LEARNABLE_PARAMETERS, REQUIRED, STATE_PARAMETERS
from .properties import shown as shown_value
from .saved_fields import OF_PARAMETERS, check_known, declaration, is_empty

#: Packages of classes that MATLAB and its toolboxes define. What a field of theirs does that is
#: not declared here nobody knows; a class of a user's own is what its author makes of it.
_MATLABS_OWN = ("nnet.", "rl.", "vision.", "images.", "textanalytics.", "audio.", "signal.")


class LayerValue(DeclaredLayer):
    """The properties of a layer, checked as MATLAB checks them."""

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

    NumInputs = property(lambda self: len(self.InputNames), doc="Number of inputs.")
    NumOutputs = property(lambda self: len(self.OutputNames), doc="Number of outputs.")

    @property
    def InputNames(self) -> list[str]:
        """Names of the inputs, ``{'in'}`` for most layers."""
        return [*self._input_names, *self._asked_for(self._optional_inputs)]

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

    # --- display ------------------------------------------------------------------------

    def description(self) -> str:
        """The last column of the layer's row in a layer array, as MATLAB words it."""
        said = self._description.format(type_text=self.type_text, **self._values)
        return said or self.type_text

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
