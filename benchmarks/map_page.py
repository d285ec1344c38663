"""How quickly the page of a map opens and moves in headless Chromium, which draws without a graphics card.

    python benchmarks/map_page.py MAP.html...

Opened is from the start of navigation to the first whole picture, by the page's own performance API. The map then moves
in a circle, 15 pixels per frame, all of it and close to it. Since the clock of a busy machine says little, the table
also has the processor time of the page's process and of the one that draws, and that of a frame in which only a dot
of two pixels moves: what Chromium itself takes for each frame without a graphics card. Needs what the tests of the
editors install (`sh tests/editors/install.sh`). The figures of the best of `RUNS` runs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from trees import HOUSE

RUNS, FRAMES = 3, 60
DRIVER = Path(__file__).with_suffix(".mjs")


def measured(page: Path) -> dict[str, Any]:
    """Return the figures of one run."""
    sys.path.insert(0, str(HOUSE))
    from tests.editors.vscode import rig

    about = {"driver": str(rig.folder() / "driver"), "chromium": rig.chromium(), "url": page.as_uri()}
    task = json.dumps({**about, "frames": FRAMES})
    done = subprocess.run(["node", DRIVER], input=task, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(arguments: list[str]) -> None:
    """Print a table of each page."""
    if shutil.which("node") is None:
        raise SystemExit("needs node: sh tests/editors/install.sh")
    for given in arguments:
        page = Path(given).resolve()
        runs = [measured(page) for _ in range(RUNS)]
        opened = min(runs, key=lambda run: sum(run["opened"].values()))
        clock = min(run["clock"] for run in runs)
        own, drawing = (opened["opened"][name] for name in ("page", "gpu"))
        print(f"{page.parent.name}/{page.name}: {page.stat().st_size / 1e6:.1f} MB, {opened['renderer']}")
        print(f"opened in {clock:.2f} s; processor time {own:.2f} s (page), {drawing:.2f} s (drawing)")
        print("| moves | frames per second | drawn anew | work of the page | processor time: page, drawing |")
        print("|---|--:|--:|--:|--:|")
        for mode in runs[0]["moves"]:
            best = min((run["moves"][mode] for run in runs), key=lambda one: one["page"] + one["gpu"])
            page_ms, gpu_ms = (1000 * best[name] / best["frames"] for name in ("page", "gpu"))
            rate = max(run["moves"][mode]["frames"] / run["moves"][mode]["seconds"] for run in runs)
            anew = f"{best['draws']} of {best['frames']}"
            print(
                f"| {mode} | {rate:.1f} | {anew} | {best['work']:.1f} ms | {page_ms:.1f}, {gpu_ms:.1f} ms |", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1:])
