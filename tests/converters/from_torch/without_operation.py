"""Layers of MATLAB's that no operation of torch becomes, and why."""

from __future__ import annotations

#: By the reason, without "Layer" in the names.
_REASONS = {
    "a loss: torch keeps it outside the module": "ClassificationOutput RegressionOutput "
    "DicePixelClassification PixelClassification FcnLoss FocalLoss "
    "RCNNBoxRegression RPNClassification YOLOv2Output",
    "made from the example input": "FeatureInput ImageInput Image3DInput SequenceInput",
    "the input layers of images, sequences and features say more": "Input",
    "made by MATLAB's importers alone": "KerasFlattenCStyle KerasGlobalAveragePooling2d "
    "KerasSigmoid KerasTanh KerasTimeDistributedFlattenCStyle OnnxCustomOutput "
    "OnnxElementwiseAffine OnnxFlattenInto2d OnnxFlatten OnnxIdentity OnnxSigmoid "
    "OnnxVerifyBatchSize ScalingFactor",
    "torch's proj_size projects the hidden state otherwise": "GRUProjected LSTMProjected",
    "torch slices; only edges of transposed convolutions map": "Crop2D Crop3D",
    "torch moves time into the batch with view, which the walk refuses": "SequenceFolding "
    "SequenceUnfolding",
    "several operations in torch": "EmbeddingConcatenation PatchEmbedding "
    "SinusoidalPositionEncoding",
    "concatenationLayer does the same for all data": "DepthConcatenation",
    "nothing is needed for nn.Identity": "Identity",
    "torch's indices are others": "MaxUnpooling2D",
    "the parts of a module are put in one network": "Network",
    "scalingLayer of the Deep Learning Toolbox does the same": "Scaling",
    "torch has no such operation": "Quadratic YOLOv2Transform",
    "nn.PixelUnshuffle gives the channels in another order": "SpaceToDepth YOLOv2Reorg",
    "nn.Embedding becomes a wordEmbeddingLayer, which older releases have too": "Embedding",
    "scalingLayer undoes a normalization as well": "InverseNormalization",
    "only permutations that keep the labels are known": "Permute Reshape",
    "networks here take real data": "ComplexToReal RealToComplex",
    "a part of detectors that passes its input on": "AnchorBox",
    "a layer of MatConvNet; MATLAB's own do it for modules": "MatConvNetBatchNorm "
    "MatConvNetConvTranspose MatConvNetLRN MatConvNetNormOffset MatConvNetROIPooling "
    "MatConvNetScale MatConvNetSpatialNorm",
}
WITHOUT_OPERATION = {
    f"{name}Layer": why for why, names in _REASONS.items() for name in names.split()
}
