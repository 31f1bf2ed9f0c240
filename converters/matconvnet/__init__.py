"""Networks of MatConvNet, SimpleNN and DagNN, as layers of ours.

Sources: MatConvNet's help texts and code (vl_simplenn, dagnn), files that users published, and its
own saved activations of one of them. What its help does not say is refused, layer by layer.
"""
