"""Everything under three processor settings that can be had anywhere, and their goals side by side.

python -m benchmarks.speed.settings [ARGUMENT OF benchmarks.speed ...]

They slow down torch's and oneDNN's kernels, but neither MKL's nor ONNX Runtime's. Writes
``benchmarks/settings.json`` and prints a table for ``benchmarks/NOTES.md``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SETTINGS = {
    "all features": {},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "baseline": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
RESULT = Path(__file__).parents[1] / "settings.json"


def main(arguments: list[str]) -> int:
    """Run them one after the other, in a process of its own each."""
    found: dict[str, Any] = {}
    for name, values in SETTINGS.items():
        print(f"\n# {name}", flush=True)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "speed.json"
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed", *arguments]
            subprocess.run([*command, "--json", str(path)], env=os.environ | values, check=True)
            found[name] = json.loads(path.read_text(encoding="utf-8"))
            RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("\n".join(goals(found)))
    return 0


def goals(found: dict[str, Any]) -> list[str]:
    """A line for each goal, with what came out under each setting; bold where it is met."""
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for setting, report in found.items():
        for part in report.values():
            for table in part if isinstance(part, list) else ():
                for goal in table["goals"]:
                    sign = ">=" if goal["at_least"] else "<="
                    text = goal["text"].partition(" (")[0]  # the worst case is another each time
                    mark = "**" if goal["met"] else ""
                    line = cells.setdefault(
                        (table["title"], text, f"{sign} {goal['wanted']:g}"), {}
                    )
                    line[setting] = f"{mark}{goal['measured']:.2f}{mark}"
    heads = ["table", "goal", "", *found]
    lines = [heads, ["---"] * len(heads)]
    lines += [[*key, *(line.get(name, "") for name in found)] for key, line in cells.items()]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
