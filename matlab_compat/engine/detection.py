"""What detectors compute besides convolutions, in torch's order."""

from __future__ import annotations

import torch
from torch import Tensor

from ..display import size_text
from ..errors import DataFormatError
from .module import Module


class YOLOv2Transform(Module):
    """The map of the last convolution to what boxes are made of.

    The channels are, for each kind in turn, those of all anchor boxes: intersection over union, x,
    y, width, height, then every class.
    """

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.anchors = anchors

    def forward(self, x: Tensor) -> Tensor:
        """Sigmoid of the first three, exp of width and height, softmax over the classes.

        Raises ``DataFormatError``: the channels are not those of so many anchor boxes.
        """
        kinds, rest = divmod(x.shape[1], self.anchors)
        if rest or kinds < 6:
            raise DataFormatError(
                f"{x.shape[1]} channels ({size_text(tuple(x.shape))}) are not those of "
                f"{self.anchors} anchor boxes: 5 and one for each class, for each box."
            )
        each = x.reshape(x.shape[0], kinds, self.anchors, *x.shape[2:])
        parts = (each[:, :3].sigmoid(), each[:, 3:5].exp(), each[:, 5:].softmax(1))
        return torch.cat(parts, 1).flatten(1, 2)
