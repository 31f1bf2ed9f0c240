"""What ``__init__.py`` makes; written by ``make generate``."""

# ruff: noqa: I001
# fmt: off

from collections.abc import Callable

from .activations import (
    ClippedReLULayer, ELULayer, GELULayer, LeakyReLULayer, NnetScalingLayer, PReLULayer,
    QuadraticLayer, ReLULayer, ScalingLayer, SigmoidLayer, SoftmaxLayer, SoftplusLayer, SwishLayer,
    TanhLayer,
)
from .attention import (
    AttentionLayer, SelfAttentionLayer,
)
from .base import (
    Layer,
)
from .constructors import (
    constructor_of,
)
from .convolution import (
    Convolution1DLayer, Convolution2DLayer, Convolution3DLayer, GroupedConvolution2DLayer,
)
from .detection import (
    AnchorBoxLayer, YOLOv2ReorgLayer, YOLOv2TransformLayer,
)
from .embedding import (
    EmbeddingConcatenationLayer, EmbeddingLayer, Indexing1DLayer, PatchEmbeddingLayer,
    PositionEmbeddingLayer, SinusoidalPositionEncodingLayer, WordEmbeddingLayer,
)
from .fully_connected import (
    FullyConnectedLayer,
)
from .function import (
    FunctionLayer,
)
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
from .nested import (
    NetworkLayer,
)
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
from .rearranging import (
    ComplexToRealLayer, PermuteLayer, RealToComplexLayer, ReshapeLayer,
)
from .recurrent import (
    BiLSTMLayer, GRULayer, GRUProjectedLayer, LSTMLayer, LSTMProjectedLayer,
)
from .registry import (
    layer_class, register, registered,
)
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

adaptiveAveragePooling2dLayer: Callable[..., AdaptiveAveragePooling2DLayer]
additionLayer: Callable[..., AdditionLayer]
anchorBoxLayer: Callable[..., AnchorBoxLayer]
attentionLayer: Callable[..., AttentionLayer]
averagePooling1dLayer: Callable[..., AveragePooling1DLayer]
averagePooling2dLayer: Callable[..., AveragePooling2DLayer]
averagePooling3dLayer: Callable[..., AveragePooling3DLayer]
batchNormalizationLayer: Callable[..., BatchNormalizationLayer]
bilstmLayer: Callable[..., BiLSTMLayer]
classificationLayer: Callable[..., ClassificationOutputLayer]
clippedReluLayer: Callable[..., ClippedReLULayer]
complexToRealLayer: Callable[..., ComplexToRealLayer]
concatenationLayer: Callable[..., ConcatenationLayer]
convolution1dLayer: Callable[..., Convolution1DLayer]
convolution2dLayer: Callable[..., Convolution2DLayer]
convolution3dLayer: Callable[..., Convolution3DLayer]
crop2dLayer: Callable[..., Crop2DLayer]
crop3dLayer: Callable[..., Crop3DLayer]
crossChannelNormalizationLayer: Callable[..., CrossChannelNormalizationLayer]
depthConcatenationLayer: Callable[..., DepthConcatenationLayer]
depthToSpace2dLayer: Callable[..., DepthToSpace2DLayer]
dicePixelClassificationLayer: Callable[..., DicePixelClassificationLayer]
dropoutLayer: Callable[..., DropoutLayer]
eluLayer: Callable[..., ELULayer]
embeddingConcatenationLayer: Callable[..., EmbeddingConcatenationLayer]
embeddingLayer: Callable[..., EmbeddingLayer]
featureInputLayer: Callable[..., FeatureInputLayer]
flattenLayer: Callable[..., FlattenLayer]
focalLossLayer: Callable[..., FocalLossLayer]
fullyConnectedLayer: Callable[..., FullyConnectedLayer]
functionLayer: Callable[..., FunctionLayer]
geluLayer: Callable[..., GELULayer]
globalAveragePooling1dLayer: Callable[..., GlobalAveragePooling1DLayer]
globalAveragePooling2dLayer: Callable[..., GlobalAveragePooling2DLayer]
globalAveragePooling3dLayer: Callable[..., GlobalAveragePooling3DLayer]
globalMaxPooling1dLayer: Callable[..., GlobalMaxPooling1DLayer]
globalMaxPooling2dLayer: Callable[..., GlobalMaxPooling2DLayer]
globalMaxPooling3dLayer: Callable[..., GlobalMaxPooling3DLayer]
groupNormalizationLayer: Callable[..., GroupNormalizationLayer]
groupedConvolution2dLayer: Callable[..., GroupedConvolution2DLayer]
gruLayer: Callable[..., GRULayer]
gruProjectedLayer: Callable[..., GRUProjectedLayer]
identityLayer: Callable[..., IdentityLayer]
image3dInputLayer: Callable[..., Image3DInputLayer]
imageInputLayer: Callable[..., ImageInputLayer]
indexing1dLayer: Callable[..., Indexing1DLayer]
inputLayer: Callable[..., InputLayer]
instanceNormalizationLayer: Callable[..., InstanceNormalizationLayer]
inverseNormalizationLayer: Callable[..., InverseNormalizationLayer]
layerNormalizationLayer: Callable[..., LayerNormalizationLayer]
leakyReluLayer: Callable[..., LeakyReLULayer]
lstmLayer: Callable[..., LSTMLayer]
lstmProjectedLayer: Callable[..., LSTMProjectedLayer]
maxPooling1dLayer: Callable[..., MaxPooling1DLayer]
maxPooling2dLayer: Callable[..., MaxPooling2DLayer]
maxPooling3dLayer: Callable[..., MaxPooling3DLayer]
maxUnpooling2dLayer: Callable[..., MaxUnpooling2DLayer]
multiplicationLayer: Callable[..., MultiplicationLayer]
networkLayer: Callable[..., NetworkLayer]
patchEmbeddingLayer: Callable[..., PatchEmbeddingLayer]
permuteLayer: Callable[..., PermuteLayer]
pixelClassificationLayer: Callable[..., PixelClassificationLayer]
positionEmbeddingLayer: Callable[..., PositionEmbeddingLayer]
preluLayer: Callable[..., PReLULayer]
quadraticLayer: Callable[..., QuadraticLayer]
realToComplexLayer: Callable[..., RealToComplexLayer]
regressionLayer: Callable[..., RegressionOutputLayer]
reluLayer: Callable[..., ReLULayer]
reshapeLayer: Callable[..., ReshapeLayer]
resize2dLayer: Callable[..., Resize2DLayer]
resize3dLayer: Callable[..., Resize3DLayer]
scalingLayer: Callable[..., ScalingLayer | NnetScalingLayer]
selfAttentionLayer: Callable[..., SelfAttentionLayer]
sequenceFoldingLayer: Callable[..., SequenceFoldingLayer]
sequenceInputLayer: Callable[..., SequenceInputLayer]
sequenceUnfoldingLayer: Callable[..., SequenceUnfoldingLayer]
sigmoidLayer: Callable[..., SigmoidLayer]
sinusoidalPositionEncodingLayer: Callable[..., SinusoidalPositionEncodingLayer]
softmaxLayer: Callable[..., SoftmaxLayer]
softplusLayer: Callable[..., SoftplusLayer]
spaceToDepthLayer: Callable[..., SpaceToDepthLayer]
spatialDropoutLayer: Callable[..., SpatialDropoutLayer]
swishLayer: Callable[..., SwishLayer]
tanhLayer: Callable[..., TanhLayer]
transposedConv1dLayer: Callable[..., TransposedConvolution1DLayer]
transposedConv2dLayer: Callable[..., TransposedConvolution2DLayer]
transposedConv3dLayer: Callable[..., TransposedConvolution3DLayer]
wordEmbeddingLayer: Callable[..., WordEmbeddingLayer]
yolov2ReorgLayer: Callable[..., YOLOv2ReorgLayer]
yolov2TransformLayer: Callable[..., YOLOv2TransformLayer]

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
