"""Torch modules understood as MATLAB layers.

``graph`` follows the data, ``layers`` and ``recurrent`` translate one module each, ``values`` is
what they share.
"""
