"""``Autoencoder`` objects: a shallow network of two layers, taken apart between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..errors import DataFormatError, PropertyError
from .functions import as_cells, is_cell
from .network import ShallowNetwork
from .parts import Input, Output


@dataclass(eq=False, repr=False)
class Autoencoder(ShallowNetwork):
    """An ``Autoencoder`` object of MATLAB (trainAutoencoder): its ``Network``, and its halves.

    Parameters
    ----------
    TrainedOnImages:
        Whether data are images: they are then lists of them, or H×W(×C)×N arrays.

    Raises
    ------
    PropertyError
        The network has other than one input and two layers.
    """

    TrainedOnImages: bool = False

    def __post_init__(self) -> None:
        if (self.numInputs, self.numLayers, self.output_layers) != (1, 2, [1]):
            raise PropertyError(
                f"An autoencoder has one input and two layers; this has {self.numInputs} and "
                f"{self.numLayers}.",
                where=("Network",),
            )

    @classmethod
    def of(cls, network: ShallowNetwork, *, TrainedOnImages: bool = False) -> Self:
        """The autoencoder of a network."""
        return cls(**vars(network), TrainedOnImages=TrainedOnImages)

    @property
    def HiddenSize(self) -> int:
        """The number of neurons that the data are encoded by."""
        return self.layers[0].size

    @property
    def encoder(self) -> ShallowNetwork:
        """The first layer, as a network of its own."""
        return ShallowNetwork(
            self.inputs,
            self.layers[:1],
            [Output(size=self.HiddenSize)],
            {p: one for p, one in self.inputWeights.items() if p == (0, 0)},
            {},
            self.IW[:1],
            self.LW[:1, :1],
            self.b[:1],
            "Encoder",
        )

    @property
    def decoder(self) -> ShallowNetwork:
        """The second layer, as a network of its own."""
        return ShallowNetwork(
            [Input(size=self.HiddenSize)],
            self.layers[1:],
            self.outputs[1:],
            {} if (1, 0) not in self.layerWeights else {(0, 0): self.layerWeights[1, 0]},
            {},
            self.LW[1:, :1],
            np.empty((1, 1), object),
            self.b[1:],
            "Decoder",
        )

    def encode(self, X: Any) -> Any:
        """The features of the data: R×Q (or images) to HiddenSize×Q."""
        return self.encoder.predict(self._columns(X)[0])

    def decode(self, Z: Any) -> Any:
        """The data of features: HiddenSize×Q to R×Q."""
        return self.decoder.predict(Z)

    def sim(self, X: Any = None, *states: Any, **options: Any) -> tuple[Any, Any, Any]:
        """As for any network; images come back as images of the same form."""
        columns, form = self._columns(X)
        Y, Xf, Af = super().sim(columns, *states, **options)
        if form is None:
            return Y, Xf, Af
        images = [one.reshape(form, order="F") for one in Y.T]
        return (images if is_cell(X) else np.stack(images, -1).reshape(np.shape(X))), Xf, Af

    def _columns(self, X: Any) -> tuple[Any, tuple[int, ...] | None]:
        """Data as columns, images column by column; and the size of an image."""
        if is_cell(X):
            images = [np.asarray(one) for one in as_cells(X, 1).flat]
        else:
            data = np.asarray(X)
            if not self.TrainedOnImages or data.shape[:1] == (self.inputs[0].size,):
                return X, None
            images = [data] if data.ndim < 4 else list(np.moveaxis(data, -1, 0))
        sizes = {image.shape for image in images}
        if len(sizes) != 1:
            raise DataFormatError(f"The images have different sizes: {sorted(sizes)}.")
        return np.stack([image.ravel(order="F") for image in images], 1), sizes.pop()
