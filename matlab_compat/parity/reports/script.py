"""A short script that repeats a comparison, for people who want to go on by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCRIPT = '''\
"""Repeats a comparison of matlab-compat verify, to go on from by hand."""

import numpy as np

from converters.verify import tasks

FILE = {file}
OPTIONS = {options}  # of predict

# Each layer or network of the file, with its input and what MATLAB made of it (H x W x C x N).
for task in tasks(FILE, {where}):
    Y = task.predict(**OPTIONS)
    exact = task.predict(**{{**OPTIONS, "device": "cpu", "dtype": "double"}})
    # The same by hand, on tensors in torch's order (N,C,H,W):
    #   module = task.model.to_torch()
    #   y = module(torch.from_numpy(task.X[0].transpose(3, 2, 0, 1).copy()))

    several = isinstance(Y, tuple)
    outputs = zip(Y, exact, strict=True) if several else [(Y, exact)]
    for (name, expected), (here, oracle) in zip(task.expected.items(), outputs, strict=True):
        if not isinstance(expected, np.ndarray | list) or not hasattr(here, "__len__"):
            print(f"{{name!a}}: labels {{expected}}")
            continue
        # Lists are sequences of a batch; the trailing dimensions of size 1 are MATLAB's to drop.
        sequences = isinstance(here, list)
        for i in range(len(here) if sequences else 1):
            a, o, e = (x[i] if sequences else x for x in (here, oracle, expected))
            a, o, e = (np.asarray(x, np.float64) for x in (a, o, e))
            if a.size != e.size:
                print(f"{{name!a}}: computed {{a.shape}}, expected {{e.shape}}")
                continue
            e = e.reshape(a.shape, order="F")
            worst = np.unravel_index(np.nanargmax(np.abs(a - e)), a.shape)
            print(f"{{name!a}} {{a.shape}}: max abs {{np.nanmax(np.abs(a - e)):.3g}}", end=", ")
            print(f"relative L2 {{np.linalg.norm(a - e) / np.linalg.norm(e):.3g}}", end=", ")
            print(f"worst at {{[int(n) for n in worst]}}: {{a[worst]:.9g}} for {{e[worst]:.9g}}")
            print(f"  from float64: here {{np.nanmax(np.abs(a - o)):.3g}}", end=", ")
            print(f"MATLAB {{np.nanmax(np.abs(e - o)):.3g}}")
'''


def script(file: str, where: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The text of a Python script that compares what ``verify`` compared.

    ``where`` are the other arguments of ``converters.verify.tasks``, ``options`` those of
    ``predict``.
    """
    # As ASCII literals: a name can neither end its literal nor hide what it is.
    arguments = ", ".join(f"{name}={value!a}" for name, value in where.items() if value)
    chosen = {name: value for name, value in options.items() if value is not None}
    return _SCRIPT.format(file=ascii(file), options=ascii(chosen), where=arguments)
