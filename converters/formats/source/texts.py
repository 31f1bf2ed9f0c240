"""The files of the package beside its weights."""

from __future__ import annotations

from collections.abc import Sequence

from ..python_style import quoted
from .network import Written

_MODEL = '''"""{title}

The weights are in weights.safetensors beside this file:

>>> from model import load
>>> model = load()
"""

from __future__ import annotations

{imports}
{definitions}


def load(folder: str | Path | None = None) -> {name}:
    """The network with its weights, ready to predict (eval mode)."""
    path = Path(folder) if folder is not None else Path(__file__).resolve().parent
    model = {name}(){to}
    {load}
    return model.eval()
'''


def model_text(written: Written, title: str, dtype: str, classes: Sequence[str] = ()) -> str:
    """``model.py``."""
    bundle = written.bundle
    bundle.add_import("pathlib", "Path")
    # The file holds parameters that layers share once: load_model knows the other names.
    function, load = "load_file", 'model.load_state_dict(load_file(path / "weights.safetensors"))'
    if written.shared:
        function, load = "load_model", 'load_model(model, path / "weights.safetensors")'
    bundle.add_import("safetensors.torch", function)
    to = "" if dtype == "torch.float32" else f".to({dtype})"
    texts = [text for text in (_names(classes), bundle.definitions, *written.classes) if text]
    if "torch." in to.join(written.classes) + to:
        bundle.add_import("torch")
    space = "\n\n" if texts[0].startswith(("class", "def", "@")) else "\n"
    definitions = space + "\n\n\n".join(texts)
    return _MODEL.format(
        title=title,
        imports=bundle.imports,
        definitions=definitions,
        name=written.name,
        to=to,
        load=load,
    )


def _names(classes: Sequence[str]) -> str:
    if not classes:
        return ""
    rows = "".join(f"    {quoted(name)},\n" for name in classes)
    return f"# In the order of the output's channels.\nCLASSES = [\n{rows}]"


#: The copied definitions have lines of up to 100 columns, and so has the rest.
RUFF = "line-length = 100\n"

VERIFY = '''"""Does the model still compute what it computed when it was converted?

Runs it on the inputs of example.safetensors and compares with the outputs stored there.
Needs torch and safetensors alone; exit code 1 means that an output differs.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from model import load

FOLDER = Path(__file__).resolve().parent
# Largest difference allowed, as a part of the largest output.
TOLERANCE = {tolerance}


def numbered(stored: dict[str, torch.Tensor], kind: str) -> list[torch.Tensor]:
    """input_0, input_1, ... in order."""
    return [stored[f"{{kind}}_{{i}}"] for i in range(sum(key.startswith(kind) for key in stored))]


def main() -> int:
    """Print the differences; 1 if one is too large."""
    stored = load_file(FOLDER / "example.safetensors")
    with torch.inference_mode():
        results = load(FOLDER)(*numbered(stored, "input"))
    results = results if isinstance(results, tuple) else (results,)
    failed = 0
    for i, (result, expected) in enumerate(zip(results, numbered(stored, "output"), strict=True)):
        difference = (result.double() - expected.double()).abs().nan_to_num().max().item()
        largest = expected.double().abs().nan_to_num().max().item()
        same_nan = torch.equal(result.isnan(), expected.isnan())
        bad = not same_nan or difference > TOLERANCE * largest
        failed |= bad
        verdict = "DIFFERENT" if bad else "equal"
        figures = f"largest difference {{difference:.3g}} of {{largest:.3g}}"
        print(f"output {{i + 1}}: {{figures}}: {{verdict}}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
'''

README = """# {title}

Converted from MATLAB to PyTorch; needs `torch` and `safetensors`, nothing else.

```python
import torch
from model import load

model = load()
with torch.inference_mode():
{call}
```

| file | what it is |
|---|---|
| `model.py` | the network as PyTorch source |
| `weights.safetensors` | its weights, under the names of `model.state_dict()` |
| `verify.py` | `python verify.py` runs it on a stored example and compares |
| `example.safetensors` | that example: inputs and outputs |
| `ruff.toml` | the width of the lines, for `ruff format` |

## Inputs and outputs

| | name | size here (torch) | size in MATLAB | order in MATLAB |
|---|---|---|---|---|
{ports}

Sizes are those of the example; the batch (N, `B`) may be any number. {normalization}

## Parity

The example's outputs were computed by the tested engine that read the MATLAB file. This package,
run in a process of its own, against them ({dtype}):

```
{parity}
```

## Layers

{layers} MATLAB layers, in the order of computation:

| MATLAB name | layer | in `model.py` |
|---|---|---|
{table}
{classes}"""
