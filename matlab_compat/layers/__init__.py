"""MATLAB's layers, one module per family, one class per layer, named as MATLAB names them.

Written by ``make generate``: the classes with a ``type_text`` and their constructor functions.
"""

# ruff: noqa: I001
# fmt: off

from typing import TYPE_CHECKING, Any

from .activations import (
    ClippedReLULayer, ELULayer, GELULayer, LeakyReLULayer, NnetScalingLayer, PReLULayer,
    QuadraticLayer, ReLULayer, ScalingLayer, SigmoidLayer, SoftmaxLayer, SoftplusLayer, SwishLayer,
    TanhLayer,
)
from .attention import AttentionLayer, SelfAttentionLayer
from .base import Layer
from .constructors import constructor_of
from .convolution import (
    Convolution1DLayer, Convolution2DLayer, Convolution3DLayer, GroupedConvolution2DLayer,
)
from .detection import AnchorBoxLayer, YOLOv2ReorgLayer, YOLOv2TransformLayer
from .embedding import (
    EmbeddingConcatenationLayer, EmbeddingLayer, Indexing1DLayer, PatchEmbeddingLayer,
    PositionEmbeddingLayer, SinusoidalPositionEncodingLayer, WordEmbeddingLayer,
)
from .fully_connected import FullyConnectedLayer
from .function import FunctionLayer
from .imported import (
    KerasFlattenCStyleLayer, KerasGlobalAveragePooling2dLayer, KerasSigmoidLayer, KerasTanhLayer,
    KerasTimeDistributedFlattenCStyleLayer, OnnxCustomOutputLayer, OnnxElementwiseAffineLayer,
    OnnxFlattenInto2dLayer, OnnxFlattenLayer, OnnxIdentityLayer, OnnxSigmoidLayer,
    OnnxVerifyBatchSizeLayer, ScalingFactorLayer,
)
from .inputs import (
    FeatureInputLayer, Image3DInputLayer, ImageInputLayer, InputLayer, SequenceInputLayer,
)
from .matconvnet import (
    MatConvNetBatchNormLayer, MatConvNetConvTransposeLayer, MatConvNetLRNLayer,
    MatConvNetNormOffsetLayer, MatConvNetROIPoolingLayer, MatConvNetScaleLayer,
    MatConvNetSpatialNormLayer,
)
from .nested import NetworkLayer
from .normalization import (
    BatchNormalizationLayer, CrossChannelNormalizationLayer, DropoutLayer, GroupNormalizationLayer,
    InstanceNormalizationLayer, InverseNormalizationLayer, LayerNormalizationLayer,
    SpatialDropoutLayer,
)
from .output import (
    ClassificationOutputLayer, DicePixelClassificationLayer, FcnLossLayer, FocalLossLayer,
    PixelClassificationLayer, RCNNBoxRegressionLayer, RPNClassificationLayer,
    RegressionOutputLayer, YOLOv2OutputLayer,
)
from .pooling import (
    AdaptiveAveragePooling2DLayer, AveragePooling1DLayer, AveragePooling2DLayer,
    AveragePooling3DLayer, GlobalAveragePooling1DLayer, GlobalAveragePooling2DLayer,
    GlobalAveragePooling3DLayer, GlobalMaxPooling1DLayer, GlobalMaxPooling2DLayer,
    GlobalMaxPooling3DLayer, MaxPooling1DLayer, MaxPooling2DLayer, MaxPooling3DLayer,
    MaxUnpooling2DLayer,
)
from .rearranging import ComplexToRealLayer, PermuteLayer, RealToComplexLayer, ReshapeLayer
from .recurrent import BiLSTMLayer, GRULayer, GRUProjectedLayer, LSTMLayer, LSTMProjectedLayer
from .registry import layer_class, register, registered
from .resampling import (
    Crop2DLayer, Crop3DLayer, DepthToSpace2DLayer, Resize2DLayer, Resize3DLayer, SpaceToDepthLayer,
)
from .structure import (
    AdditionLayer, ConcatenationLayer, DepthConcatenationLayer, FlattenLayer, IdentityLayer,
    MultiplicationLayer, SequenceFoldingLayer, SequenceUnfoldingLayer,
)
from .transposed_convolution import (
    TransposedConvolution1DLayer, TransposedConvolution2DLayer, TransposedConvolution3DLayer,
)

if TYPE_CHECKING:
    adaptiveAveragePooling2dLayer = constructor_of(AdaptiveAveragePooling2DLayer)
    additionLayer = constructor_of(AdditionLayer)
    anchorBoxLayer = constructor_of(AnchorBoxLayer)
    attentionLayer = constructor_of(AttentionLayer)
    averagePooling1dLayer = constructor_of(AveragePooling1DLayer)
    averagePooling2dLayer = constructor_of(AveragePooling2DLayer)
    averagePooling3dLayer = constructor_of(AveragePooling3DLayer)
    batchNormalizationLayer = constructor_of(BatchNormalizationLayer)
    bilstmLayer = constructor_of(BiLSTMLayer)
    classificationLayer = constructor_of(ClassificationOutputLayer)
    clippedReluLayer = constructor_of(ClippedReLULayer)
    complexToRealLayer = constructor_of(ComplexToRealLayer)
    concatenationLayer = constructor_of(ConcatenationLayer)
    convolution1dLayer = constructor_of(Convolution1DLayer)
    convolution2dLayer = constructor_of(Convolution2DLayer)
    convolution3dLayer = constructor_of(Convolution3DLayer)
    crop2dLayer = constructor_of(Crop2DLayer)
    crop3dLayer = constructor_of(Crop3DLayer)
    crossChannelNormalizationLayer = constructor_of(CrossChannelNormalizationLayer)
    depthConcatenationLayer = constructor_of(DepthConcatenationLayer)
    depthToSpace2dLayer = constructor_of(DepthToSpace2DLayer)
    dicePixelClassificationLayer = constructor_of(DicePixelClassificationLayer)
    dropoutLayer = constructor_of(DropoutLayer)
    eluLayer = constructor_of(ELULayer)
    embeddingConcatenationLayer = constructor_of(EmbeddingConcatenationLayer)
    embeddingLayer = constructor_of(EmbeddingLayer)
    featureInputLayer = constructor_of(FeatureInputLayer)
    flattenLayer = constructor_of(FlattenLayer)
    focalLossLayer = constructor_of(FocalLossLayer)
    fullyConnectedLayer = constructor_of(FullyConnectedLayer)
    functionLayer = constructor_of(FunctionLayer)
    geluLayer = constructor_of(GELULayer)
    globalAveragePooling1dLayer = constructor_of(GlobalAveragePooling1DLayer)
    globalAveragePooling2dLayer = constructor_of(GlobalAveragePooling2DLayer)
    globalAveragePooling3dLayer = constructor_of(GlobalAveragePooling3DLayer)
    globalMaxPooling1dLayer = constructor_of(GlobalMaxPooling1DLayer)
    globalMaxPooling2dLayer = constructor_of(GlobalMaxPooling2DLayer)
    globalMaxPooling3dLayer = constructor_of(GlobalMaxPooling3DLayer)
    groupNormalizationLayer = constructor_of(GroupNormalizationLayer)
    groupedConvolution2dLayer = constructor_of(GroupedConvolution2DLayer)
    gruLayer = constructor_of(GRULayer)
    gruProjectedLayer = constructor_of(GRUProjectedLayer)
    identityLayer = constructor_of(IdentityLayer)
    image3dInputLayer = constructor_of(Image3DInputLayer)
    imageInputLayer = constructor_of(ImageInputLayer)
    indexing1dLayer = constructor_of(Indexing1DLayer)
    inputLayer = constructor_of(InputLayer)
    instanceNormalizationLayer = constructor_of(InstanceNormalizationLayer)
    inverseNormalizationLayer = constructor_of(InverseNormalizationLayer)
    layerNormalizationLayer = constructor_of(LayerNormalizationLayer)
    leakyReluLayer = constructor_of(LeakyReLULayer)
    lstmLayer = constructor_of(LSTMLayer)
    lstmProjectedLayer = constructor_of(LSTMProjectedLayer)
    maxPooling1dLayer = constructor_of(MaxPooling1DLayer)
    maxPooling2dLayer = constructor_of(MaxPooling2DLayer)
    maxPooling3dLayer = constructor_of(MaxPooling3DLayer)
    maxUnpooling2dLayer = constructor_of(MaxUnpooling2DLayer)
    multiplicationLayer = constructor_of(MultiplicationLayer)
    networkLayer = constructor_of(NetworkLayer)
    patchEmbeddingLayer = constructor_of(PatchEmbeddingLayer)
    permuteLayer = constructor_of(PermuteLayer)
    pixelClassificationLayer = constructor_of(PixelClassificationLayer)
    positionEmbeddingLayer = constructor_of(PositionEmbeddingLayer)
    preluLayer = constructor_of(PReLULayer)
    quadraticLayer = constructor_of(QuadraticLayer)
    realToComplexLayer = constructor_of(RealToComplexLayer)
    regressionLayer = constructor_of(RegressionOutputLayer)
    reluLayer = constructor_of(ReLULayer)
    reshapeLayer = constructor_of(ReshapeLayer)
    resize2dLayer = constructor_of(Resize2DLayer)
    resize3dLayer = constructor_of(Resize3DLayer)
    scalingLayer = constructor_of(ScalingLayer, NnetScalingLayer)
    selfAttentionLayer = constructor_of(SelfAttentionLayer)
    sequenceFoldingLayer = constructor_of(SequenceFoldingLayer)
    sequenceInputLayer = constructor_of(SequenceInputLayer)
    sequenceUnfoldingLayer = constructor_of(SequenceUnfoldingLayer)
    sigmoidLayer = constructor_of(SigmoidLayer)
    sinusoidalPositionEncodingLayer = constructor_of(SinusoidalPositionEncodingLayer)
    softmaxLayer = constructor_of(SoftmaxLayer)
    softplusLayer = constructor_of(SoftplusLayer)
    spaceToDepthLayer = constructor_of(SpaceToDepthLayer)
    spatialDropoutLayer = constructor_of(SpatialDropoutLayer)
    swishLayer = constructor_of(SwishLayer)
    tanhLayer = constructor_of(TanhLayer)
    transposedConv1dLayer = constructor_of(TransposedConvolution1DLayer)
    transposedConv2dLayer = constructor_of(TransposedConvolution2DLayer)
    transposedConv3dLayer = constructor_of(TransposedConvolution3DLayer)
    wordEmbeddingLayer = constructor_of(WordEmbeddingLayer)
    yolov2ReorgLayer = constructor_of(YOLOv2ReorgLayer)
    yolov2TransformLayer = constructor_of(YOLOv2TransformLayer)

else:
    def __getattr__(name: str) -> Any:
        """The constructor function: the documentation of all of them takes 40 ms to write."""
        kinds = [k for k in globals().values() if getattr(k, "constructor", None) == name]
        kinds.sort(key=lambda kind: kind.__name__.lower() != name.lower())  # its namesake first
        if name not in __all__ or not kinds:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, constructor_of(*kinds))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

__all__ = [
    "AdaptiveAveragePooling2DLayer", "AdditionLayer", "AnchorBoxLayer", "AttentionLayer",
    "AveragePooling1DLayer", "AveragePooling2DLayer", "AveragePooling3DLayer",
    "BatchNormalizationLayer", "BiLSTMLayer", "ClassificationOutputLayer", "ClippedReLULayer",
    "ComplexToRealLayer", "ConcatenationLayer", "Convolution1DLayer", "Convolution2DLayer",
    "Convolution3DLayer", "Crop2DLayer", "Crop3DLayer", "CrossChannelNormalizationLayer",
    "DepthConcatenationLayer", "DepthToSpace2DLayer", "DicePixelClassificationLayer",
    "DropoutLayer", "ELULayer", "EmbeddingConcatenationLayer", "EmbeddingLayer", "FcnLossLayer",
    "FeatureInputLayer", "FlattenLayer", "FocalLossLayer", "FullyConnectedLayer", "FunctionLayer",
    "GELULayer", "GRULayer", "GRUProjectedLayer", "GlobalAveragePooling1DLayer",
    "GlobalAveragePooling2DLayer", "GlobalAveragePooling3DLayer", "GlobalMaxPooling1DLayer",
    "GlobalMaxPooling2DLayer", "GlobalMaxPooling3DLayer", "GroupNormalizationLayer",
    "GroupedConvolution2DLayer", "IdentityLayer", "Image3DInputLayer", "ImageInputLayer",
    "Indexing1DLayer", "InputLayer", "InstanceNormalizationLayer", "InverseNormalizationLayer",
    "KerasFlattenCStyleLayer", "KerasGlobalAveragePooling2dLayer", "KerasSigmoidLayer",
    "KerasTanhLayer", "KerasTimeDistributedFlattenCStyleLayer", "LSTMLayer", "LSTMProjectedLayer",
    "Layer", "LayerNormalizationLayer", "LeakyReLULayer", "MatConvNetBatchNormLayer",
    "MatConvNetConvTransposeLayer", "MatConvNetLRNLayer", "MatConvNetNormOffsetLayer",
    "MatConvNetROIPoolingLayer", "MatConvNetScaleLayer", "MatConvNetSpatialNormLayer",
    "MaxPooling1DLayer", "MaxPooling2DLayer", "MaxPooling3DLayer", "MaxUnpooling2DLayer",
    "MultiplicationLayer", "NetworkLayer", "NnetScalingLayer", "OnnxCustomOutputLayer",
    "OnnxElementwiseAffineLayer", "OnnxFlattenInto2dLayer", "OnnxFlattenLayer",
    "OnnxIdentityLayer", "OnnxSigmoidLayer", "OnnxVerifyBatchSizeLayer", "PReLULayer",
    "PatchEmbeddingLayer", "PermuteLayer", "PixelClassificationLayer", "PositionEmbeddingLayer",
    "QuadraticLayer", "RCNNBoxRegressionLayer", "RPNClassificationLayer", "ReLULayer",
    "RealToComplexLayer", "RegressionOutputLayer", "ReshapeLayer", "Resize2DLayer",
    "Resize3DLayer", "ScalingFactorLayer", "ScalingLayer", "SelfAttentionLayer",
    "SequenceFoldingLayer", "SequenceInputLayer", "SequenceUnfoldingLayer", "SigmoidLayer",
    "SinusoidalPositionEncodingLayer", "SoftmaxLayer", "SoftplusLayer", "SpaceToDepthLayer",
    "SpatialDropoutLayer", "SwishLayer", "TanhLayer", "TransposedConvolution1DLayer",
    "TransposedConvolution2DLayer", "TransposedConvolution3DLayer", "WordEmbeddingLayer",
    "YOLOv2OutputLayer", "YOLOv2ReorgLayer", "YOLOv2TransformLayer",
    "adaptiveAveragePooling2dLayer", "additionLayer", "anchorBoxLayer", "attentionLayer",
    "averagePooling1dLayer", "averagePooling2dLayer", "averagePooling3dLayer",
    "batchNormalizationLayer", "bilstmLayer", "classificationLayer", "clippedReluLayer",
    "complexToRealLayer", "concatenationLayer", "constructor_of", "convolution1dLayer",
    "convolution2dLayer", "convolution3dLayer", "crop2dLayer", "crop3dLayer",
    "crossChannelNormalizationLayer", "depthConcatenationLayer", "depthToSpace2dLayer",
    "dicePixelClassificationLayer", "dropoutLayer", "eluLayer", "embeddingConcatenationLayer",
    "embeddingLayer", "featureInputLayer", "flattenLayer", "focalLossLayer", "fullyConnectedLayer",
    "functionLayer", "geluLayer", "globalAveragePooling1dLayer", "globalAveragePooling2dLayer",
    "globalAveragePooling3dLayer", "globalMaxPooling1dLayer", "globalMaxPooling2dLayer",
    "globalMaxPooling3dLayer", "groupNormalizationLayer", "groupedConvolution2dLayer", "gruLayer",
    "gruProjectedLayer", "identityLayer", "image3dInputLayer", "imageInputLayer",
    "indexing1dLayer", "inputLayer", "instanceNormalizationLayer", "inverseNormalizationLayer",
    "layerNormalizationLayer", "layer_class", "leakyReluLayer", "lstmLayer", "lstmProjectedLayer",
    "maxPooling1dLayer", "maxPooling2dLayer", "maxPooling3dLayer", "maxUnpooling2dLayer",
    "multiplicationLayer", "networkLayer", "patchEmbeddingLayer", "permuteLayer",
    "pixelClassificationLayer", "positionEmbeddingLayer", "preluLayer", "quadraticLayer",
    "realToComplexLayer", "register", "registered", "regressionLayer", "reluLayer", "reshapeLayer",
    "resize2dLayer", "resize3dLayer", "scalingLayer", "selfAttentionLayer", "sequenceFoldingLayer",
    "sequenceInputLayer", "sequenceUnfoldingLayer", "sigmoidLayer",
    "sinusoidalPositionEncodingLayer", "softmaxLayer", "softplusLayer", "spaceToDepthLayer",
    "spatialDropoutLayer", "swishLayer", "tanhLayer", "transposedConv1dLayer",
    "transposedConv2dLayer", "transposedConv3dLayer", "wordEmbeddingLayer", "yolov2ReorgLayer",
    "yolov2TransformLayer",
]
