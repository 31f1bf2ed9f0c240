"""MATLAB's networks: layers, connections, and what comes out of them.

One class stands for SeriesNetwork, DAGNetwork, dlnetwork, LayerGraph and layer arrays; ``kind``
says which it is, and with it how results are oriented.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

import numpy as np

from ..arrays import Array, as_tuple
from ..display import TIMES, counted
from ..errors import LayerNotFoundError, MatlabCompatError, UsageError
from ..execution.described import CLASSIC, Computed, RunOptions, Shared
from ..layers.base import Layer
from ..layers.learnables import Learnable, State
from ..layers.nested import NetworkLayer
from ..layers.saved_fields import check_known
from ..layers.unsupported import UnsupportedLayer
from ..plain_text import plain_text, plain_texts
from ..table import Table
from .analysis import Analysis, analysis, table
from .graph import Graph, Plan
from .layer_array import LayerArray, layer_names, named
from .picture_inputs import pictures_as_arrays
from .pictures import Fit, Fitting
from .preparation import ImagePreparation

if TYPE_CHECKING:
    import torch
    from torch import Tensor, fx

    from ..engine.precision import DeviceLike, DTypeLike
    from ..pages.diagram import Diagram


#: The layers of nested networks that are analysed: more are a few objects that lie in each other.
_MOST_NESTED = 5000


class Network:
    """A MATLAB network.

    Parameters
    ----------
    layers:
        The layers, in the network's order. Layers are values, as in MATLAB: those without a name
        get one ('conv_1') in the network, on a copy. Only a layer array shows them nameless.
    connections:
        (source, destination), ports as in ``add/in2``; by default each layer feeds the next.
    kind:
        "SeriesNetwork", "DAGNetwork", "dlnetwork", "LayerGraph" or "Layer array"; "SimpleNN" or
        "DagNN" of MatConvNet, which behave as a dlnetwork.
    output_names:
        The outputs, where the file names them; by default all that feed nothing.
    classes:
        The names of the classes, where no output layer has them.
    shared:
        Learnables that are one parameter, ``(("conv_1", "Weights"), ("conv_2", "Weights"))``: the
        layers hold the same values, and torch trains one parameter for all.
    preparation:
        How images are made ready for the network, where the file says it.

    Raises
    ------
    UsageError
        Two layers of the same name, or connections that do not fit the layers.
    """

    #: The number format that it runs in where none is asked for.
    default_dtype: ClassVar[str] = "single"
    optional_inputs: ClassVar[tuple[str, ...]] = ()
    takes_cells: ClassVar[bool] = False

    def __init__(
        self,
        layers: Sequence[Layer],
        connections: Sequence[tuple[str, str]] | None = None,
        *,
        kind: str = "dlnetwork",
        output_names: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        shared: Sequence[Shared] = (),
        preparation: ImagePreparation | None = None,
    ) -> None:
        self.kind = kind
        self.names = layer_names(layers, may_repeat=kind == "Layer array")
        shown = [layer.Name for layer in layers] if kind == "Layer array" else self.names
        self.Layers = LayerArray(named(layers, shown))
        pairs = list(zip(self.names, self.names[1:], strict=False))
        #: How the layers hang together: ports, order, connections.
        self.graph = Graph(
            dict(zip(self.names, self.Layers, strict=True)),
            pairs if connections is None else connections,
        )
        if kind in CLASSIC:
            self._end_in_outputs()
        names = [] if output_names is None else plain_texts(output_names)
        #: The outputs that the file names; ``None`` where they are those that feed nothing.
        self.output_names = [names] if isinstance(names, str) else list(names) or None
        self.classes = None if classes is None else list(classes)
        self.shared = tuple(shared)
        self.preparation = preparation

    def _end_in_outputs(self) -> None:
        """Layers that cannot be built, but stand where only output layers can, are some."""
        for name in self.graph.last():
            layer = self.graph.layers[name]
            output = layer.as_output() if isinstance(layer, UnsupportedLayer) else None
            if output is not None:
                self.graph.layers[name] = output
                self.Layers[self.names.index(name)] = output

    # --- what it is made of -------------------------------------------------------------

    def layer(self, name: str) -> Layer:
        """The layer called ``name``.

        Raises
        ------
        LayerNotFoundError
            There is none.
        """
        name = plain_text(name)
        if name not in self.graph.layers:
            raise LayerNotFoundError(
                f"The network has no layer '{name}'; it has {', '.join(self.names)}."
            )
        return self.graph.layers[name]

    @property
    def Connections(self) -> Table:
        """Source and Destination of every connection."""
        sources, destinations = ([c[i] for c in self.graph.connections] for i in (0, 1))
        return Table({"Source": sources, "Destination": destinations})

    @property
    def Learnables(self) -> Table:
        """Layer, Parameter and Value of every learnable, in layer order."""
        return self._parameters(Learnable)

    @property
    def State(self) -> Table:
        """Layer, Parameter and Value of every state."""
        return self._parameters(State)

    def _parameters(self, kind: type) -> Table:
        rows = [
            (name, parameter, layer.values[parameter])
            for name, layer in self.all_layers()
            for parameter, declared in layer.parameters().items()
            if isinstance(declared, kind) and layer.values[parameter].size
        ]
        return Table.from_rows(("Layer", "Parameter", "Value"), rows)

    def all_layers(self) -> Iterator[tuple[str, Layer]]:
        """The layers by name, those of nested networks as "outer/inner"."""
        for name, layer in self.graph.layers.items():
            yield name, layer
            for held, inner in layer.networks().items():
                above = f"{name}/{held}" if held else name
                yield from ((f"{above}/{inside}", part) for inside, part in inner.all_layers())

    @property
    def InputNames(self) -> list[str]:
        """Names of the inputs, in MATLAB's order: input layers first, as they stand."""
        return self.graph.input_names()

    @property
    def OutputNames(self) -> list[str]:
        """Names of the outputs."""
        return self.graph.output_names(self.output_names)

    @property
    def Classes(self) -> list[str] | None:
        """Class names of the (first) output layer that has them, or what the file has beside."""
        found = (layer.classes() for layer in self.Layers)
        return next((classes for classes in found if classes), self.classes)

    @property
    def Initialized(self) -> bool:
        """Whether every learnable and state has a value."""
        return not any(layer.missing_parameters() for _, layer in self.all_layers())

    @property
    def unsupported(self) -> dict[str, Layer]:
        """The layers that cannot be built or are not run (:meth:`Layer.refusal`), by name."""
        return {name: layer for name, layer in self.all_layers() if layer.refusal() is not None}

    def unknown_fields(self) -> list[str]:
        """:meth:`Layer.unknown_fields` of all layers."""
        return sorted({field for _, layer in self.all_layers() for field in layer.unknown_fields()})

    def ignore_fields(self, *names: str) -> Self:
        """:meth:`Layer.ignore_fields` for all layers that have fields of these names.

        Raises
        ------
        UsageError
            No layer has one of them, unknown and not read.
        """
        check_known(names, self.unknown_fields())
        for _, layer in self.all_layers():
            unknown = layer.unknown_fields()
            layer.ignore_fields(*(name for name in names if name in unknown))
        return self

    def plan(self, formats: Mapping[str, str] | None = None) -> Plan:
        """The order of computation, with the format of every value."""
        return replace(self.graph.plan(formats, self.output_names), shared=self.shared)

    def preprocess(self, image: object, *, crop: bool = False) -> Array:
        """An image made ready as the file says, which :meth:`predict` never does by itself.

        Parameters
        ----------
        image, crop:
            As for :meth:`.preparation.ImagePreparation.prepared`.

        Raises
        ------
        UsageError
            The file does not say how.
        """
        if self.preparation is None:
            raise UsageError(
                "The file does not say how images are made ready for this network.",
                remedy="the normalization of an input layer is part of predict already; for "
                "anything else ask those who trained it.",
            )
        return self.preparation.prepared(image, crop=crop)

    # --- torch --------------------------------------------------------------------------

    def to_torch(
        self,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        *,
        formats: Mapping[str, str] | None = None,
        stub: bool = False,
        optimize: bool | Tensor | Sequence[Tensor] = False,
    ) -> fx.GraphModule:
        """One torch module for the whole network, in torch's own layouts (N,C,H,W; N,C,T; N,C).

        Layers keep their names as attributes (``module.conv_1.weight``), the normalization of the
        input is part of it, output layers are left out. ``module.eval()`` computes MATLAB's
        ``predict``, ``module.train()`` its ``forward``; it comes in eval mode.

        Parameters
        ----------
        formats:
            Labels of inputs that no input layer labels, by input name.
        stub:
            Put placeholders that raise when run in the place of layers that cannot be built.
        optimize:
            A faster module for inference, equal but for rounding. Batch normalization is folded
            into the layer before it, ReLU fused, dropout gone; ``state_dict`` has the folded
            weights under the names of the layers that are left. For each size of inputs, the
            first call measures which way to compute each layer is fastest here, which takes at
            most a second for all sizes together. Where ONNX Runtime or OpenVINO is installed,
            and the calls of a size have taken two seconds together, it measures whether that
            computes the whole faster, after a comparison with float64, which takes some seconds.
            The choice is kept in a file of the user's cache (docs/speed.md). Images come out
            channels last in memory where torch computes. With tensors instead of ``True``, one
            for each input in torch's layout, all of this is done at once. ``train()`` raises
            :class:`UsageError`; to export or compile, take the module without ``optimize``.
            Choose device and dtype here.

        Raises
        ------
        UnsupportedLayerError
            Layers cannot be built: all of them at once.
        PropertyError
            A layer has no weights: :meth:`initialize` first.
        """
        from ..execution.module import build_graph

        module = build_graph(self.plan(formats), device, dtype, stub=stub).eval()
        if optimize is False:
            return module
        from torch import float32

        from ..engine.fast.optimize import optimized, tried
        from ..engine.precision import torch_device, torch_dtype
        from ..execution.engines import fastest

        made = optimized(module)
        if not formats and torch_device(device).type == "cpu" and torch_dtype(dtype) == float32:
            made.engines = fastest(self)
        return made if optimize is True else tried(made, optimize)

    def assign_from_torch(self, module: fx.GraphModule) -> Network:
        """Take over the (trained) parameters of a module that :meth:`to_torch` made."""
        for attribute, name in module.meta["layers"].items():
            part = getattr(module, attribute, None)
            layer = self.graph.layers[name]
            if part is not None and layer.refusal() is None:
                layer.assign_from_torch(part)
        return self

    def predict(
        self,
        *X: object,
        data_format: str | Sequence[str] | None = None,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        allow_tf32: bool = False,
        engine: str = "torch",
        **fitting: Unpack[Fitting],
    ) -> Any:
        """What MATLAB's ``predict(net, X1, X2, ...)`` gives.

        Parameters
        ----------
        X:
            One for each input, in MATLAB order: images H×W×C×N, sequences C×T or a list of them
            (of any lengths; each gives its own result), features N×C, ``dlarray``; or a picture,
            as an image of Pillow's or the path of a file, which is taken as ``imread`` would, or a
            list of pictures, an observation each.
        data_format:
            Labels of the inputs where they are given in another order.
        resize, resize_mode, crop, colour:
            How pictures of another size or other colours are made to fit: see
            :class:`.pictures.Fit`.
        engine:
            Who computes: "torch", "onnxruntime", "openvino", "compiled" (torch's compiler), the
            engine of another package, or "fastest" of those that are installed, measured here. It
            keeps the network in its memory for the next call, until something in it changes; its
            results are compared with those in double before they are first given. What an engine
            cannot do torch does, with a warning (docs/speed.md).

        Returns
        -------
        Images H×W×C×N; vectors N×K, as which a SeriesNetwork or DAGNetwork gives 1×1×K×N, too;
        sequences C×T (a list for a list); ``dlarray`` for ``dlarray``. A tuple for several
        outputs. Source: the documentation pages of ``predict`` for each class of network.

        Images larger than the input layer says are taken where the layers can, with a warning:
        MATLAB's ``predict`` refuses them, its ``activations`` does not.

        Raises
        ------
        DataFormatError
            An input does not fit the network: both sizes are named, and the layer that refused.
        UnsupportedLayerError, PropertyError
            As :meth:`to_torch`.
        UsageError
            There is no such engine, or it is not installed.
        """
        from ..execution.engines import kept
        from ..execution.network import predict

        by = None if engine == "torch" else kept(self, plain_text(engine))
        how = RunOptions(data_format, device, dtype, allow_tf32, engine=by)
        X = pictures_as_arrays(self, X, Fit(**fitting))
        return predict(self, X, how)

    def parameter_values(self) -> list[Array]:
        """The values of all learnables and states that have any."""
        return [value for layer in self.Layers for value in layer.parameter_values()]

    def predict_all(self, X: Sequence[object], **options: Any) -> Any:
        """:meth:`predict` for a list of all inputs."""
        return self.predict(*X, **options)

    def computed(self, X: Sequence[object], how: RunOptions) -> Computed:
        """See :class:`matlab_compat.execution.described.ModelLike`."""
        from ..execution.network import computed

        return computed(self, X, how)

    def forward(self, *X: object, data_format: str | Sequence[str] | None = None) -> Any:
        """What MATLAB's ``forward`` gives: as :meth:`predict` in training mode.

        Dropout is active and batch normalization uses the statistics of the batch: never compare
        parity against it.
        """
        from ..execution.network import predict

        how = RunOptions(data_format, training=True)
        return predict(self, pictures_as_arrays(self, X, Fit()), how)

    def activations(
        self,
        X: object,
        layer: str,
        *,
        OutputAs: str = "channels",
        data_format: str | Sequence[str] | None = None,
        device: DeviceLike | None = None,
        dtype: DTypeLike | None = None,
        allow_tf32: bool = False,
    ) -> Any:
        """The output of one layer: ``activations(net, X, layer)``.

        ``OutputAs`` "channels" gives H×W×C×N (1×1×K×N for a vector made from images), "rows"
        N×(H*W*C), "columns" (H*W*C)×N. Only what the layer needs is run, so that layers after
        it may be ones that cannot be built.
        """
        from ..execution.network import activations

        name = plain_text(layer)
        how = RunOptions(data_format, device, dtype, allow_tf32, [name], outputs=False)
        found = activations(self, pictures_as_arrays(self, as_tuple(X), Fit()), how)[name]
        return _output_as(found, plain_text(OutputAs))

    def classify(
        self,
        *X: object,
        classes: object = None,
        data_format: str | Sequence[str] | None = None,
        top: int | None = None,
        **fitting: Unpack[Fitting],
    ) -> Any:
        """The class of each observation (a list of names), of each pixel, or of each time step.

        For a dlnetwork, which keeps no class names, what ``scores2label(predict(net, X),
        classes)`` gives: ``net.classify(X, classes)``.

        Parameters
        ----------
        X, resize, resize_mode, crop, colour:
            As for :meth:`predict`.
        classes:
            The names in the order of the channels: a list, or a cell, string or categorical array
            as ``converters.open_mat`` gives it (of a categorical array with other than one
            element for each channel, the categories). May follow the inputs without its name.
            By default those of the network's output layer.
        top:
            How many of the best classes to give, with their scores: a list of (name, score) for
            each observation, the highest score first.

        Raises
        ------
        UsageError
            Nobody says the class names, or not one for each channel of the scores; ``top`` where
            each pixel or time step has a class of its own.
        """
        from ..execution.network import best_classes, top_classes

        if classes is None and len(X) == len(self.InputNames) + 1:
            X, classes = X[:-1], X[-1]
        classes = self.Classes if classes is None else classes
        if classes is None:
            raise UsageError(
                "The network has no classes.",
                remedy="a dlnetwork keeps none: net.classify(X, classes) with the labels you "
                "trained with, in their order.",
            )
        if top is not None and not (isinstance(top, int | np.integer) and top >= 1):
            raise UsageError(f"top is a whole number from 1 on, not {top!r}.")
        scores = self.predict(*X, data_format=data_format, **fitting)
        if top is None:
            return best_classes(self, scores, classes)
        return top_classes(self, scores, classes, top)

    def top_classes(
        self, scores: object, top: int = 5, classes: object = None
    ) -> list[list[tuple[str, float]]]:
        """The best of the network's classes, of scores that :meth:`predict` gave.

        Parameters
        ----------
        scores:
            All that ``predict`` gave.
        top:
            How many at most.
        classes:
            As for :meth:`classify`.

        Returns
        -------
        For each observation (class name, score), the highest score first.

        Raises
        ------
        UsageError
            As :meth:`classify` with ``top``.
        """
        from ..execution.network import top_classes

        return top_classes(self, scores, self.Classes if classes is None else classes, top)

    # --- training -----------------------------------------------------------------------

    def initialize(
        self,
        *sizes: Sequence[int],
        seed: int | torch.Generator | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> Network:
        """A copy with all empty learnables and states filled, sized by propagation.

        Parameters
        ----------
        sizes:
            MATLAB sizes of the inputs without batch and time, for networks whose input layers do
            not say them.
        """
        from ..execution.propagate import initialize

        new = copy.deepcopy(self)
        initialize(new.plan(formats), sizes, seed)
        return new

    def analyze(self, *sizes: Sequence[int], formats: Mapping[str, str] | None = None) -> Table:
        """The table of ``analyzeNetwork``: Name, Type, Activations, Learnables, Total.

        The network is sized by propagation; untrained ones are initialized on the way (in a copy).
        """
        new = copy.deepcopy(self)
        return table(new.graph, new.kind, new.plan(formats), sizes)

    def analysis(self, *sizes: Sequence[int], formats: Mapping[str, str] | None = None) -> Analysis:
        """What ``analyzeNetwork`` tells, as one record: nothing is initialized or run.

        Parameters
        ----------
        sizes:
            As for :meth:`initialize`. What follows from sizes that nobody says is ``None``.
        formats:
            As for :meth:`to_torch`.

        Raises
        ------
        UsageError
            The connections go in a circle; or the networks that are layers have more than 5,000
            layers, which a few objects in each other can be.
        """
        count = self._count({}) - len(self.Layers)
        if count > _MOST_NESTED:
            raise UsageError(
                f"There are {count:,} layers in networks within networks; sizes are worked out of "
                f"up to {_MOST_NESTED:,}.",
                remedy="analyse the inner networks: net.layer(name).Network.analysis().",
            )
        return analysis(self.graph, self.kind, self.plan(formats), sizes)

    def _count(self, known: dict[int, int]) -> int:
        """How many layers there are with those of nested networks, each object counted once."""
        if id(self) not in known:
            inner = (x.Network._count(known) for x in self.Layers if isinstance(x, NetworkLayer))
            known[id(self)] = len(self.Layers) + sum(inner)
        return known[id(self)]

    # --- display ------------------------------------------------------------------------

    def plot(self, *sizes: Sequence[int], formats: Mapping[str, str] | None = None) -> Diagram:
        """The network as a picture: a box for each layer, nested networks as one; as ``plot(net)``.

        Parameters
        ----------
        sizes, formats:
            As for :meth:`analysis`; where they are not known, the boxes have no sizes.

        Returns
        -------
        A diagram, which a notebook shows, and which ``.save("net.svg")`` writes (also ``.png`` and
        ``.pdf``, by matplotlib). Layers that cannot be built or run are marked.
        """
        from .picture import picture

        return picture(self.graph, repr(self)[1:-1], self._analysis(sizes, formats))

    def _analysis(
        self, sizes: Sequence[Sequence[int]] = (), formats: Mapping[str, str] | None = None
    ) -> Analysis | None:
        """:meth:`analysis`, or ``None`` where the layers do not fit each other."""
        try:
            return self.analysis(*sizes, formats=formats)
        except MatlabCompatError:
            return None

    def summary(self) -> str:
        """What MATLAB's ``summary(net)`` prints."""
        again = {port for group in self.shared for port in group[1:]}
        count = sum(
            value.size
            for name, parameter, value in zip(*self.Learnables.columns.values(), strict=True)
            if (name, parameter) not in again
        )
        lines = [
            f"   Initialized: {str(self.Initialized).lower()}",
            "",
            f"   Number of learnables: {_count_text(count)}",
            "",
            "   Inputs:",
        ]
        for i, name in enumerate(self.InputNames, 1):
            layer = self.graph.layers.get(name)
            lines.append(f"      {i}   '{name}'" + (f"   {layer.description()}" if layer else ""))
        return "\n".join(lines)

    def __str__(self) -> str:
        if self.kind == "Layer array":
            return str(self.Layers)
        rows = [("Layers", f"[{len(self.Layers)}{TIMES}1 nnet.cnn.layer.Layer]")]
        if self.kind != "SeriesNetwork":
            rows.append(("Connections", f"[{len(self.graph.connections)}{TIMES}2 table]"))
        if self.kind == "dlnetwork":
            rows.append(("Learnables", f"[{len(self.Learnables)}{TIMES}3 table]"))
            rows.append(("State", f"[{len(self.State)}{TIMES}3 table]"))
        rows.append(("InputNames", _cellstr(self.InputNames)))
        rows.append(("OutputNames", _cellstr(self.OutputNames)))
        if self.kind == "dlnetwork":
            rows.append(("Initialized", str(int(self.Initialized))))
        lines = [f"  {self.kind} with properties:", ""]
        width = 4 + max(len(name) for name, _ in rows)
        lines += [f"{name:>{width}}: {value}" for name, value in rows]
        if self.kind == "dlnetwork":
            lines += ["", "  View summary with summary."]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{self.kind} of {counted(len(self.Layers), 'layer')}>"

    def _repr_html_(self) -> str:
        from .notebook import network_html

        found: Analysis | MatlabCompatError
        try:
            found = self.analysis()
        except MatlabCompatError as error:
            found = error
        heading = f"{self.kind} of {counted(len(self.Layers), 'layer')}"
        return network_html(heading, self.graph, self.output_names, self.Classes, found)


def _cellstr(names: Sequence[str]) -> str:
    return "{" + "  ".join(f"'{name}'" for name in names) + "}"


def _count_text(count: int) -> str:
    """4700 as "4.7k", as MATLAB abbreviates."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.1f}{unit}"
    return str(count)


def _output_as(value: Any, form: str) -> Any:
    if form not in ("channels", "rows", "columns"):
        raise UsageError(f"OutputAs must be 'channels', 'rows' or 'columns', not '{form}'.")
    if form == "channels" or not isinstance(value, np.ndarray):
        return value
    columns = value.reshape((-1, value.shape[-1]), order="F")
    return columns if form == "columns" else columns.T
