"""MATLAB neural networks in Python: their layers, what they mean, and torch modules for them.

Every layer class and constructor function of :mod:`matlab_compat.layers` is here under MATLAB's
name, with networks, ``dlarray`` and the functions that put networks together. Files are opened by
``converters``; what one does with them most often is here as well::

    import matlab_compat as mc

    net = mc.load("net.mat")                   # the network, or the layer, in a file
    mc.verify("net.mat")                       # does it compute what MATLAB saved?
    mc.predict("net.mat", "cat.jpg").top       # run on a file: the best classes
    mc.convert("net.mat", "net.onnx")          # from file to file, and proved
    mc.save(net, "net.pt")                     # the same from memory
    mc.session(net, X)(X)                      # the fastest engine for it, kept in memory
    mc.open_mat("data.mat")["X"]               # any variable of any MAT-file

Importing it imports neither torch nor the layers: names are looked up when they are first used, so
that the command line answers ``--help`` at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import MatlabCompatError, MatlabCompatWarning

if TYPE_CHECKING:
    from .data_format import dlarray
    from .front import convert, load, open_mat, predict, save, session, verify
    from .functions import *
    from .layers import *
    from .learn_rates import (
        cosineLearnRate,
        cyclicalLearnRate,
        exponentialLearnRate,
        piecewiseLearnRate,
        polynomialLearnRate,
        warmupLearnRate,
    )
    from .memory import keep_memory as keep_memory
    from .network import LayerArray, Network
    from .network.building import *
    from .shallow import (
        Autoencoder,
        ShallowNetwork,
        closeloop,
        con2seq,
        ind2vec,
        openloop,
        preparets,
        removedelay,
        vec2ind,
    )
    from .table import Table
    from .training import parameter_groups
    from .training_options import TrainingOptions, load_training_options

    __all__: list[str]
    __version__: str

#: Where names that are no layers come from.
_PLACES = {
    name: module
    for module, names in {
        "data_format": "dlarray",
        "front": "convert load open_mat predict save session verify",
        "functions": "attention avgpool batchnorm crosschannelnorm crossentropy depthToSpace dims "
        "dlconv dlresize dltranspconv embed finddim fullyconnect gelu groupnorm gru huber "
        "instancenorm l1loss l2loss layernorm leakyrelu lstm maxpool maxunpool mse onehotdecode "
        "onehotencode relu sigmoid softmax spaceToDepth stripdims",
        "learn_rates": "cosineLearnRate cyclicalLearnRate exponentialLearnRate "
        "piecewiseLearnRate polynomialLearnRate warmupLearnRate",
        "memory": "keep_memory",
        "network": "LayerArray Network addLayers connectLayers disconnectLayers dlnetwork "
        "initialize layerGraph removeLayers replaceLayer",
        "shallow": "Autoencoder ShallowNetwork closeloop con2seq ind2vec openloop preparets "
        "removedelay vec2ind",
        "table": "Table",
        "training": "parameter_groups",
        "training_options": "TrainingOptions load_training_options",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from .packages import own_version

        return own_version()
    layers = import_module(".layers", __name__)
    if name == "__all__":
        errors = ("MatlabCompatError", "MatlabCompatWarning")
        return sorted({*errors, *_PLACES, *layers.__all__})
    if name in _PLACES:
        found = getattr(import_module(f".{_PLACES[name]}", __name__), name)
    elif name in layers.__all__:
        found = getattr(layers, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
