"""What all layers share: values with MATLAB's names that are torch modules, and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from ..arrays import Array, as_tuple
from ..data_format import require_format
from ..errors import DataFormatError, PropertyError, UnsupportedLayerError, locating
from ..execution.described import Computed, Factors, RunOptions
from ..wording import argument
from .learnables import Learnable
from .properties import positive_integer
from .sizes import Inputs, Outputs
from .value import LayerValue

if TYPE_CHECKING:
    import torch

    from ..engine.precision import DeviceLike, DTypeLike
    from ..execution.described import Plan

#: (numIn, numOut) of an initializer, as the documentation of the layer defines them.
Fans = tuple[int, int]


class Layer(LayerValue):
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
    * ``multiply_adds``: how many there are for each number of the output, where that is all.
    * ``example``: the arguments of a call of its constructor function, for the documentation.
    * ``description``: its text in the rows of a layer array, with ``type_text`` and
      properties in braces.

    Raises
    ------
    PropertyError
        A value that MATLAB would refuse.
    """

    @property
    def default_formats(self) -> tuple[str, ...]:
        """The formats that inputs without labels are taken to have."""
        return (self.default_format,) * len(self.InputNames)

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Labels of the outputs, given those of the inputs, in MATLAB's order ("SSCB").

        Raises
        ------
        DataFormatError
            The layer does not take these inputs.
        """
        if self.input_formats:
            require_format(formats[0], self.input_formats)
        return (formats[0],) * len(self.OutputNames)

    def output_sizes(self, inputs: Inputs, formats: Sequence[str]) -> Outputs:
        """The sizes of the outputs, labelled ``formats``, for inputs of these sizes, by arithmetic.

        ``None`` for one that is not known. Raises ``DataFormatError``: the inputs do not fit the
        layer or each other.
        """
        expected = self.input_channels()
        if expected is not None and "C" in inputs[0].labels:
            found = self.channels_of(inputs[0].size, inputs[0].labels)
            if found != expected and self.input_format() is None:
                raise DataFormatError(f"It needs {expected} channels, and its input has {found}.")
        if self.is_output or self.input_format() is not None:
            return inputs[:1]
        made = dict(enumerate(self._sized(inputs)))
        return [
            a if (a := made.get(port)) is not None and a.labels == labels else None
            for port, labels in enumerate(formats)
        ]

    def _sized(self, inputs: Inputs) -> Outputs:
        """:meth:`output_sizes` as far as the class has a rule for them."""
        return inputs[:1] if self.keeps_size else []

    def count_multiply_adds(
        self, learnables: Mapping[str, Sequence[int]], inputs: Inputs, outputs: Inputs
    ) -> int | None:
        """How many multiplications, each with an addition, it computes; ``None`` if not known.

        Products of weights with data and of data with data count; batch normalization, scales and
        slopes are one for each element. Functions such as tanh, divisions and means do not: of
        layers that have them, and of all that say nothing, the number is not known.

        Parameters
        ----------
        learnables:
            The sizes of the learnables, by name.
        inputs, outputs:
            Their sizes.
        """
        if self.is_output:
            return 0
        return None if self.multiply_adds is None else self.multiply_adds * outputs[0].elements

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
        """The module with the values of its parameters, and the factors of training beside them."""
        from torch import from_numpy

        from ..engine.precision import torch_device, torch_dtype

        module = self._build(formats).to(torch_device(device), torch_dtype(dtype))
        module.load_state_dict({name: from_numpy(x) for name, x in self.torch_state().items()})
        module.factors = dict(self.torch_factors())  # type: ignore[assignment]
        return module

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
        An array in MATLAB order (a ``dlarray`` if one went in); a tuple for several outputs. It is
        not copied to be column-major in memory, which ``np.asfortranarray`` does.

        Raises
        ------
        DataFormatError
            The data does not fit the layer.
        PropertyError
            The layer has not been trained or initialized.
        """
        with locating(self.label):
            return self._predicted(X, RunOptions(data_format, device, dtype, allow_tf32))

    def parameter_values(self) -> list[Array]:
        """The values of all learnables and states that have any."""
        return [value for _, value in self.filled_parameters()]

    def predict_all(self, X: Sequence[object], **options: Any) -> Any:
        """:meth:`predict` for a list of all inputs."""
        return self.predict(X[0] if len(X) == 1 else tuple(X), **options)

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """See :class:`matlab_compat.execution.described.ModelLike`; there are no activations."""
        given = X[0] if len(X) == 1 else tuple(X)
        with locating(self.label):
            return Computed(as_tuple(self._predicted(given, how)), {})

    def _predicted(self, X: object, how: RunOptions) -> Any:
        """As :meth:`predict`; a layer may have a faster way."""
        from ..execution.layer import predict_layer

        return predict_layer(self, X, how)

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
        found: list[str] | None = getattr(self, "Classes", None) if self.is_output else None
        return found

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
        return (self.input_channels(),) * len(self.InputNames)

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
        if not empty:
            return self
        from ..engine.initializers import generator, sample

        with locating(self.label):
            sizes = self._parameter_sizes(self._input_channels(numChannels))
            values, source = self._values, generator(seed)
            fixed = {"TrainedVariance": "ones"}  # of states, as zeros are of the others
            how = {n: values.get(f"{n}Initializer") or fixed.get(n, "zeros") for n in empty}
            self.assign({n: sample(how[n], *sizes[n], source) for n in empty if n in sizes})
        return self

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


class Elementwise(Layer):
    """Base of the layers that compute each number of the output from that of the input."""

    keeps_size = True


class PerChannelLayer(Layer):
    """Base of the layers for data of any format that has channels."""

    def output_formats(self, formats: Sequence[str]) -> tuple[str, ...]:
        """The format of the input, which may have any dimensions beside C.

        Raises ``DataFormatError``: the format has no C.
        """
        if "C" not in formats[0]:
            raise DataFormatError(
                f"The layer needs a channel dimension; the data is labelled '{formats[0]}'.",
                remedy=f"label the channels C, for example {argument('data_format', 'SSCB')}.",
            )
        return (formats[0],)
