"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them.

Written by ``make generate``: the classes with ``saved_as`` and their constructor functions.
"""

# ruff: noqa: I001
# fmt: off

from .activations import (
    ClippedReLULayer, ELULayer, GELULayer, LeakyReLULayer, NnetScalingLayer, PReLULayer,
    QuadraticLayer, ReLULayer, ScalingLayer, SigmoidLayer, SoftmaxLayer, SoftplusLayer, SwishLayer,
    TanhLayer, clippedReluLayer, eluLayer, geluLayer, leakyReluLayer, preluLayer, quadraticLayer,
    reluLayer, scalingLayer, sigmoidLayer, softmaxLayer, softplusLayer, swishLayer, tanhLayer,
)
from .attention import (
    AttentionLayer, SelfAttentionLayer, attentionLayer, selfAttentionLayer,
)
from .base import (
    Layer,
)
from .constructors import (
    constructor_of,
)
from .convolution import (
    Convolution1DLayer, Convolution2DLayer, Convolution3DLayer, GroupedConvolution2DLayer,
    convolution1dLayer, convolution2dLayer, convolution3dLayer, groupedConvolution2dLayer,
)
from .embedding import (
    EmbeddingConcatenationLayer, Indexing1DLayer, PatchEmbeddingLayer, PositionEmbeddingLayer,
    SinusoidalPositionEncodingLayer, WordEmbeddingLayer, embeddingConcatenationLayer,
    indexing1dLayer, patchEmbeddingLayer, positionEmbeddingLayer, sinusoidalPositionEncodingLayer,
    wordEmbeddingLayer,
)
from .fully_connected import (
    FullyConnectedLayer, fullyConnectedLayer,
)
from .function import (
    FunctionLayer, functionLayer,
)
from .imported import (
    KerasFlattenCStyleLayer, KerasGlobalAveragePooling2dLayer, KerasSigmoidLayer, KerasTanhLayer,
    OnnxElementwiseAffineLayer, OnnxFlattenInto2dLayer, OnnxFlattenLayer, OnnxIdentityLayer,
    OnnxSigmoidLayer, OnnxVerifyBatchSizeLayer,
)
from .inputs import (
    FeatureInputLayer, Image3DInputLayer, ImageInputLayer, InputLayer, SequenceInputLayer,
    featureInputLayer, image3dInputLayer, imageInputLayer, inputLayer, sequenceInputLayer,
)
from .nested import (
    NetworkLayer, networkLayer,
)
from .normalization import (
    BatchNormalizationLayer, CrossChannelNormalizationLayer, DropoutLayer, GroupNormalizationLayer,
    InstanceNormalizationLayer, LayerNormalizationLayer, SpatialDropoutLayer,
    batchNormalizationLayer, crossChannelNormalizationLayer, dropoutLayer, groupNormalizationLayer,
    instanceNormalizationLayer, layerNormalizationLayer, spatialDropoutLayer,
)
from .output import (
    ClassificationOutputLayer, DicePixelClassificationLayer, FcnLossLayer, FocalLossLayer,
    PixelClassificationLayer, RCNNBoxRegressionLayer, RPNClassificationLayer,
    RegressionOutputLayer, YOLOv2OutputLayer, classificationLayer, dicePixelClassificationLayer,
    focalLossLayer, pixelClassificationLayer, regressionLayer,
)
from .pooling import (
    AdaptiveAveragePooling2DLayer, AveragePooling1DLayer, AveragePooling2DLayer,
    AveragePooling3DLayer, GlobalAveragePooling1DLayer, GlobalAveragePooling2DLayer,
    GlobalAveragePooling3DLayer, GlobalMaxPooling1DLayer, GlobalMaxPooling2DLayer,
    GlobalMaxPooling3DLayer, MaxPooling1DLayer, MaxPooling2DLayer, MaxPooling3DLayer,
    MaxUnpooling2DLayer, adaptiveAveragePooling2dLayer, averagePooling1dLayer,
    averagePooling2dLayer, averagePooling3dLayer, globalAveragePooling1dLayer,
    globalAveragePooling2dLayer, globalAveragePooling3dLayer, globalMaxPooling1dLayer,
    globalMaxPooling2dLayer, globalMaxPooling3dLayer, maxPooling1dLayer, maxPooling2dLayer,
    maxPooling3dLayer, maxUnpooling2dLayer,
)
from .recurrent import (
    BiLSTMLayer, GRULayer, GRUProjectedLayer, LSTMLayer, LSTMProjectedLayer, bilstmLayer, gruLayer,
    gruProjectedLayer, lstmLayer, lstmProjectedLayer,
)
from .registry import (
    layer_class, register, registered,
)
from .resampling import (
    Crop2DLayer, Crop3DLayer, DepthToSpace2DLayer, Resize2DLayer, Resize3DLayer, SpaceToDepthLayer,
    crop2dLayer, crop3dLayer, depthToSpace2dLayer, resize2dLayer, resize3dLayer, spaceToDepthLayer,
)
from .structure import (
    AdditionLayer, ConcatenationLayer, DepthConcatenationLayer, FlattenLayer, IdentityLayer,
    MultiplicationLayer, SequenceFoldingLayer, SequenceUnfoldingLayer, additionLayer,
    concatenationLayer, depthConcatenationLayer, flattenLayer, identityLayer, multiplicationLayer,
    sequenceFoldingLayer, sequenceUnfoldingLayer,
)
from .transposed_convolution import (
    TransposedConvolution1DLayer, TransposedConvolution2DLayer, TransposedConvolution3DLayer,
    transposedConv1dLayer, transposedConv2dLayer, transposedConv3dLayer,
)

__all__ = [
    "AdaptiveAveragePooling2DLayer", "AdditionLayer", "AttentionLayer", "AveragePooling1DLayer",
    "AveragePooling2DLayer", "AveragePooling3DLayer", "BatchNormalizationLayer", "BiLSTMLayer",
    "ClassificationOutputLayer", "ClippedReLULayer", "ConcatenationLayer", "Convolution1DLayer",
    "Convolution2DLayer", "Convolution3DLayer", "Crop2DLayer", "Crop3DLayer",
    "CrossChannelNormalizationLayer", "DepthConcatenationLayer", "DepthToSpace2DLayer",
    "DicePixelClassificationLayer", "DropoutLayer", "ELULayer", "EmbeddingConcatenationLayer",
    "FcnLossLayer", "FeatureInputLayer", "FlattenLayer", "FocalLossLayer", "FullyConnectedLayer",
    "FunctionLayer", "GELULayer", "GRULayer", "GRUProjectedLayer", "GlobalAveragePooling1DLayer",
    "GlobalAveragePooling2DLayer", "GlobalAveragePooling3DLayer", "GlobalMaxPooling1DLayer",
    "GlobalMaxPooling2DLayer", "GlobalMaxPooling3DLayer", "GroupNormalizationLayer",
    "GroupedConvolution2DLayer", "IdentityLayer", "Image3DInputLayer", "ImageInputLayer",
    "Indexing1DLayer", "InputLayer", "InstanceNormalizationLayer", "KerasFlattenCStyleLayer",
    "KerasGlobalAveragePooling2dLayer", "KerasSigmoidLayer", "KerasTanhLayer", "LSTMLayer",
    "LSTMProjectedLayer", "Layer", "LayerNormalizationLayer", "LeakyReLULayer",
    "MaxPooling1DLayer", "MaxPooling2DLayer", "MaxPooling3DLayer", "MaxUnpooling2DLayer",
    "MultiplicationLayer", "NetworkLayer", "NnetScalingLayer", "OnnxElementwiseAffineLayer",
    "OnnxFlattenInto2dLayer", "OnnxFlattenLayer", "OnnxIdentityLayer", "OnnxSigmoidLayer",
    "OnnxVerifyBatchSizeLayer", "PReLULayer", "PatchEmbeddingLayer", "PixelClassificationLayer",
    "PositionEmbeddingLayer", "QuadraticLayer", "RCNNBoxRegressionLayer", "RPNClassificationLayer",
    "ReLULayer", "RegressionOutputLayer", "Resize2DLayer", "Resize3DLayer", "ScalingLayer",
    "SelfAttentionLayer", "SequenceFoldingLayer", "SequenceInputLayer", "SequenceUnfoldingLayer",
    "SigmoidLayer", "SinusoidalPositionEncodingLayer", "SoftmaxLayer", "SoftplusLayer",
    "SpaceToDepthLayer", "SpatialDropoutLayer", "SwishLayer", "TanhLayer",
    "TransposedConvolution1DLayer", "TransposedConvolution2DLayer", "TransposedConvolution3DLayer",
    "WordEmbeddingLayer", "YOLOv2OutputLayer", "adaptiveAveragePooling2dLayer", "additionLayer",
    "attentionLayer", "averagePooling1dLayer", "averagePooling2dLayer", "averagePooling3dLayer",
    "batchNormalizationLayer", "bilstmLayer", "classificationLayer", "clippedReluLayer",
    "concatenationLayer", "constructor_of", "convolution1dLayer", "convolution2dLayer",
    "convolution3dLayer", "crop2dLayer", "crop3dLayer", "crossChannelNormalizationLayer",
    "depthConcatenationLayer", "depthToSpace2dLayer", "dicePixelClassificationLayer",
    "dropoutLayer", "eluLayer", "embeddingConcatenationLayer", "featureInputLayer", "flattenLayer",
    "focalLossLayer", "fullyConnectedLayer", "functionLayer", "geluLayer",
    "globalAveragePooling1dLayer", "globalAveragePooling2dLayer", "globalAveragePooling3dLayer",
    "globalMaxPooling1dLayer", "globalMaxPooling2dLayer", "globalMaxPooling3dLayer",
    "groupNormalizationLayer", "groupedConvolution2dLayer", "gruLayer", "gruProjectedLayer",
    "identityLayer", "image3dInputLayer", "imageInputLayer", "indexing1dLayer", "inputLayer",
    "instanceNormalizationLayer", "layerNormalizationLayer", "layer_class", "leakyReluLayer",
    "lstmLayer", "lstmProjectedLayer", "maxPooling1dLayer", "maxPooling2dLayer",
    "maxPooling3dLayer", "maxUnpooling2dLayer", "multiplicationLayer", "networkLayer",
    "patchEmbeddingLayer", "pixelClassificationLayer", "positionEmbeddingLayer", "preluLayer",
    "quadraticLayer", "register", "registered", "regressionLayer", "reluLayer", "resize2dLayer",
    "resize3dLayer", "scalingLayer", "selfAttentionLayer", "sequenceFoldingLayer",
    "sequenceInputLayer", "sequenceUnfoldingLayer", "sigmoidLayer",
    "sinusoidalPositionEncodingLayer", "softmaxLayer", "softplusLayer", "spaceToDepthLayer",
    "spatialDropoutLayer", "swishLayer", "tanhLayer", "transposedConv1dLayer",
    "transposedConv2dLayer", "transposedConv3dLayer", "wordEmbeddingLayer",
]
