"""Layer arrays: layers in order, as MATLAB shows them."""

from __future__ import annotations

from ..display import TIMES, counted
from ..layers.base import Layer
from ..pages.notebook import listing


class LayerArray(list[Layer]):
    """Layers in order; prints as MATLAB prints a layer array."""

    def __repr__(self) -> str:
        return f"<Layer array of {counted(len(self), 'layer')}>"

    def _repr_html_(self) -> str:
        rows = (
            [str(i), x.Name, x.type_text or x.class_name, x.description()]
            for i, x in enumerate(self, 1)
        )
        heading = f"{len(self)}{TIMES}1 Layer array"
        return listing(heading, ["", "Name", "Type", ""], rows, len(self))

    def __str__(self) -> str:
        names = [f"'{layer.Name}'" for layer in self]
        kinds = [layer.type_text or type(layer).__name__ for layer in self]
        wide, deep = max(map(len, names), default=0), max(map(len, kinds), default=0)
        rows = [
            f"    {i:>2}   {name:<{wide}}   {kind:<{deep}}   {layer.description()}".rstrip()
            for i, (name, kind, layer) in enumerate(zip(names, kinds, self, strict=True), 1)
        ]
        return "\n".join([f"  {len(self)}{TIMES}1 Layer array with layers:", "", *rows])
