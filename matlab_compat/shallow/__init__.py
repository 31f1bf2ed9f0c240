"""MATLAB's shallow networks: ``network`` objects of feedforwardnet, patternnet, narxnet and kin."""

from .autoencoder import Autoencoder
from .functions import con2seq, ind2vec, vec2ind
from .network import ShallowNetwork
from .parts import Input, Layer, Output, Weight
from .registry import register
from .series import closeloop, openloop, preparets, removedelay

__all__ = [
    "Autoencoder",
    "Input",
    "Layer",
    "Output",
    "ShallowNetwork",
    "Weight",
    "closeloop",
    "con2seq",
    "ind2vec",
    "openloop",
    "preparets",
    "register",
    "removedelay",
    "vec2ind",
]
