"""What a GPU computes and how fast, in at most four minutes: for whoever has one for a while.

python -m benchmarks.gpu [DEVICE] [SECONDS]

First the tests marked ``gpu``. Then the layer's shapes and three networks, in float32 without TF32
and in half precision: ours as it comes, the hand port or the plain module in channels_last (cuDNN's
own layout), and ``torch.compile``, each compared with float64 before it is timed. Tests have half
of the seconds at most, each table its share of what is left; what there is no time for is left out
and said. ``cpu`` as the device is for trying the script.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from .speed.layer import CASES, HandPort, prepare
from .speed.networks import cnn, unet
from .speed.timing import Row, Table, compared, interleaved

#: Largest relative distance to float64, by the precision.
ALLOWED = {torch.float32: 1e-4, torch.float16: 2e-2}
OURS, LAST, COMPILED = "to_torch()", "channels_last", "compiled"


def main(device: str, seconds: float) -> int:
    """Test, measure, print; 1 where a test fails, 2 without such a device."""
    if device == "cuda" and not torch.cuda.is_available():
        print("torch sees no CUDA device", file=sys.stderr)
        return 2
    end = time.perf_counter() + seconds
    name = torch.cuda.get_device_name() if device == "cuda" else device
    print(f"{name}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}")
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    root = Path(__file__).parents[1]
    files = [str(p) for p in (root / "tests").rglob("test_*.py") if "mark.gpu" in p.read_text()]
    tests = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", *files]
    try:
        failed = subprocess.run(tests, cwd=root, check=False, timeout=seconds / 2).returncode != 0
    except subprocess.TimeoutExpired:
        print(f"the tests were not done after {seconds / 2:.0f} s")
        failed = True
    tables = [
        (f"{title}, {str(dtype).removeprefix('torch.')}", cases, dtype)
        for dtype in ALLOWED
        for title, cases in (("Networks", networks), ("Transposed convolution", layers))
    ]
    for done, (title, cases, dtype) in enumerate(tables):
        now = time.perf_counter()
        rows = list(measured(cases(), device, dtype, now + (end - now) / (len(tables) - done)))
        goals = list(compared(rows, OURS, [LAST, COMPILED], mean=0.95))
        print(Table(title, rows, goals), flush=True)
    return int(failed)


def layers() -> Iterator[tuple[str, nn.Module, nn.Module, Tensor]]:
    """The name, our module, the hand port, and an input."""
    for one in CASES:
        case, layer, x = prepare(one)
        module = layer.to_torch().eval()
        weight, bias = module.weight.detach(), module.bias.detach()  # type: ignore[operator]
        yield str(case), module, HandPort(case, weight, bias).eval(), x


def networks() -> Iterator[tuple[str, nn.Module, nn.Module, Tensor]]:
    """Likewise; beside a network stands its plain module."""
    for name, network, size in (
        ("CNN 32x32", cnn(), (64, 3, 32, 32)),
        ("U-Net 256x256", unet(), (8, 1, 256, 256)),
        ("U-Net 256x256, five levels", unet(5), (4, 1, 256, 256)),
    ):
        x = torch.randn(size, generator=torch.Generator().manual_seed(0))
        yield name, network.to_torch(optimize=True), network.to_torch(), x


def measured(
    cases: Iterator[tuple[str, nn.Module, nn.Module, Tensor]],
    device: str,
    dtype: torch.dtype,
    end: float,
) -> Iterator[Row]:
    """A row for each case that there is time for."""
    for name, ours, plain, x in cases:
        if time.perf_counter() > end:
            print(f"no time is left for {name}")
            continue
        exact = _call(plain.double(), x.double())()
        where = {"device": device, "dtype": dtype}
        given = x.to(**where)  # type: ignore[call-overload]
        last = given.contiguous(memory_format=torch.channels_last)
        ours, plain = ours.to(**where), plain.to(**where)  # type: ignore[call-overload]
        variants = {OURS: _call(ours, given)}
        compiled = _call(torch.compile(plain), given)
        plain_last = plain.to(memory_format=torch.channels_last)
        variants |= {LAST: _call(plain_last, last), COMPILED: compiled}
        for variant, call in variants.items():
            error = float((call().double().cpu() - exact).norm() / exact.norm())
            if not error <= ALLOWED[dtype]:
                raise AssertionError(f"{name}, {variant}: {error:.1g} away from float64")
        yield Row(name, interleaved(variants, rounds=5, clock=time.perf_counter))


def _call(module: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], Tensor]:
    def call() -> Tensor:
        with torch.inference_mode():
            y = module(x)
        if x.is_cuda:
            torch.cuda.synchronize()
        return y

    return call


if __name__ == "__main__":
    arguments = [*sys.argv[1:], *("cuda", "220")[len(sys.argv) - 1 :]]
    sys.exit(main(arguments[0], float(arguments[1])))
