"""What ``__init__.py`` makes; written by ``make generate``."""

# ruff: noqa: E402, E501, I001
# fmt: off

from collections.abc import Callable

from .pooling import AdaptiveAveragePooling2DLayer as AdaptiveAveragePooling2DLayer
from .structure import AdditionLayer as AdditionLayer
from .detection import AnchorBoxLayer as AnchorBoxLayer
from .attention import AttentionLayer as AttentionLayer
from .pooling import AveragePooling1DLayer as AveragePooling1DLayer
from .pooling import AveragePooling2DLayer as AveragePooling2DLayer
from .pooling import AveragePooling3DLayer as AveragePooling3DLayer
from .normalization import BatchNormalizationLayer as BatchNormalizationLayer
from .recurrent import BiLSTMLayer as BiLSTMLayer
from .output import ClassificationOutputLayer as ClassificationOutputLayer
from .activations import ClippedReLULayer as ClippedReLULayer
from .rearranging import ComplexToRealLayer as ComplexToRealLayer
from .structure import ConcatenationLayer as ConcatenationLayer
from .convolution import Convolution1DLayer as Convolution1DLayer
from .convolution import Convolution2DLayer as Convolution2DLayer
from .convolution import Convolution3DLayer as Convolution3DLayer
from .resampling import Crop2DLayer as Crop2DLayer
from .resampling import Crop3DLayer as Crop3DLayer
from .normalization import CrossChannelNormalizationLayer as CrossChannelNormalizationLayer
from .structure import DepthConcatenationLayer as DepthConcatenationLayer
from .resampling import DepthToSpace2DLayer as DepthToSpace2DLayer
from .output import DicePixelClassificationLayer as DicePixelClassificationLayer
from .normalization import DropoutLayer as DropoutLayer
from .activations import ELULayer as ELULayer
from .embedding import EmbeddingConcatenationLayer as EmbeddingConcatenationLayer
from .embedding import EmbeddingLayer as EmbeddingLayer
from .output import FcnLossLayer as FcnLossLayer
from .inputs import FeatureInputLayer as FeatureInputLayer
from .structure import FlattenLayer as FlattenLayer
from .output import FocalLossLayer as FocalLossLayer
from .fully_connected import FullyConnectedLayer as FullyConnectedLayer
from .function import FunctionLayer as FunctionLayer
from .activations import GELULayer as GELULayer
from .recurrent import GRULayer as GRULayer
from .recurrent import GRUProjectedLayer as GRUProjectedLayer
from .pooling import GlobalAveragePooling1DLayer as GlobalAveragePooling1DLayer
from .pooling import GlobalAveragePooling2DLayer as GlobalAveragePooling2DLayer
from .pooling import GlobalAveragePooling3DLayer as GlobalAveragePooling3DLayer
from .pooling import GlobalMaxPooling1DLayer as GlobalMaxPooling1DLayer
from .pooling import GlobalMaxPooling2DLayer as GlobalMaxPooling2DLayer
from .pooling import GlobalMaxPooling3DLayer as GlobalMaxPooling3DLayer
from .normalization import GroupNormalizationLayer as GroupNormalizationLayer
from .convolution import GroupedConvolution2DLayer as GroupedConvolution2DLayer
from .structure import IdentityLayer as IdentityLayer
from .inputs import Image3DInputLayer as Image3DInputLayer
from .inputs import ImageInputLayer as ImageInputLayer
from .embedding import Indexing1DLayer as Indexing1DLayer
from .inputs import InputLayer as InputLayer
from .normalization import InstanceNormalizationLayer as InstanceNormalizationLayer
from .normalization import InverseNormalizationLayer as InverseNormalizationLayer
from .imported import KerasFlattenCStyleLayer as KerasFlattenCStyleLayer
from .imported import KerasGlobalAveragePooling2dLayer as KerasGlobalAveragePooling2dLayer
from .imported import KerasSigmoidLayer as KerasSigmoidLayer
from .imported import KerasTanhLayer as KerasTanhLayer
from .imported import KerasTimeDistributedFlattenCStyleLayer as KerasTimeDistributedFlattenCStyleLayer
from .recurrent import LSTMLayer as LSTMLayer
from .recurrent import LSTMProjectedLayer as LSTMProjectedLayer
from .base import Layer as Layer
from .normalization import LayerNormalizationLayer as LayerNormalizationLayer
from .activations import LeakyReLULayer as LeakyReLULayer
from .matconvnet import MatConvNetBatchNormLayer as MatConvNetBatchNormLayer
from .matconvnet import MatConvNetConvTransposeLayer as MatConvNetConvTransposeLayer
from .matconvnet import MatConvNetLRNLayer as MatConvNetLRNLayer
from .matconvnet import MatConvNetNormOffsetLayer as MatConvNetNormOffsetLayer
from .matconvnet import MatConvNetROIPoolingLayer as MatConvNetROIPoolingLayer
from .matconvnet import MatConvNetScaleLayer as MatConvNetScaleLayer
from .matconvnet import MatConvNetSpatialNormLayer as MatConvNetSpatialNormLayer
from .pooling import MaxPooling1DLayer as MaxPooling1DLayer
from .pooling import MaxPooling2DLayer as MaxPooling2DLayer
from .pooling import MaxPooling3DLayer as MaxPooling3DLayer
from .pooling import MaxUnpooling2DLayer as MaxUnpooling2DLayer
from .structure import MultiplicationLayer as MultiplicationLayer
from .nested import NetworkLayer as NetworkLayer
from .activations import NnetScalingLayer as NnetScalingLayer
from .imported import OnnxCustomOutputLayer as OnnxCustomOutputLayer
from .imported import OnnxElementwiseAffineLayer as OnnxElementwiseAffineLayer
from .imported import OnnxFlattenInto2dLayer as OnnxFlattenInto2dLayer
from .imported import OnnxFlattenLayer as OnnxFlattenLayer
from .imported import OnnxIdentityLayer as OnnxIdentityLayer
from .imported import OnnxSigmoidLayer as OnnxSigmoidLayer
from .imported import OnnxVerifyBatchSizeLayer as OnnxVerifyBatchSizeLayer
from .activations import PReLULayer as PReLULayer
from .embedding import PatchEmbeddingLayer as PatchEmbeddingLayer
from .rearranging import PermuteLayer as PermuteLayer
from .output import PixelClassificationLayer as PixelClassificationLayer
from .embedding import PositionEmbeddingLayer as PositionEmbeddingLayer
from .activations import QuadraticLayer as QuadraticLayer
from .output import RCNNBoxRegressionLayer as RCNNBoxRegressionLayer
from .output import RPNClassificationLayer as RPNClassificationLayer
from .activations import ReLULayer as ReLULayer
from .rearranging import RealToComplexLayer as RealToComplexLayer
from .output import RegressionOutputLayer as RegressionOutputLayer
from .rearranging import ReshapeLayer as ReshapeLayer
from .resampling import Resize2DLayer as Resize2DLayer
from .resampling import Resize3DLayer as Resize3DLayer
from .imported import ScalingFactorLayer as ScalingFactorLayer
from .activations import ScalingLayer as ScalingLayer
from .attention import SelfAttentionLayer as SelfAttentionLayer
from .structure import SequenceFoldingLayer as SequenceFoldingLayer
from .inputs import SequenceInputLayer as SequenceInputLayer
from .structure import SequenceUnfoldingLayer as SequenceUnfoldingLayer
from .activations import SigmoidLayer as SigmoidLayer
from .embedding import SinusoidalPositionEncodingLayer as SinusoidalPositionEncodingLayer
from .activations import SoftmaxLayer as SoftmaxLayer
from .activations import SoftplusLayer as SoftplusLayer
from .resampling import SpaceToDepthLayer as SpaceToDepthLayer
from .normalization import SpatialDropoutLayer as SpatialDropoutLayer
from .activations import SwishLayer as SwishLayer
from .activations import TanhLayer as TanhLayer
from .transposed_convolution import TransposedConvolution1DLayer as TransposedConvolution1DLayer
from .transposed_convolution import TransposedConvolution2DLayer as TransposedConvolution2DLayer
from .transposed_convolution import TransposedConvolution3DLayer as TransposedConvolution3DLayer
from .embedding import WordEmbeddingLayer as WordEmbeddingLayer
from .output import YOLOv2OutputLayer as YOLOv2OutputLayer
from .detection import YOLOv2ReorgLayer as YOLOv2ReorgLayer
from .detection import YOLOv2TransformLayer as YOLOv2TransformLayer
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
from .constructors import constructor_of as constructor_of
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
from .registry import layer_class as layer_class
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
from .registry import register as register
from .registry import registered as registered
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
