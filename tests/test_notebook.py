"""
The notebook in the documentation runs.

`CODESEARCH_UPDATE_DOCS=1 python -m pytest tests/test_notebook.py` stores its output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import plugins
from tests.support.home import HOUSE

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
NOTEBOOK = HOUSE / "docs" / "notebooks" / "index.ipynb"
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
folder = {"metadata": {"path": sys.argv[2]}}
nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3", record_timing=False, resources=folder).execute()
nbformat.write(notebook, sys.argv[3])
"""


def outputs(file: Path) -> list[str]:
    """Return the output of each cell of code: its text, and `image/png` for a picture."""
    cells: list[dict[str, Any]] = [
        one for one in json.loads(file.read_text("utf-8"))["cells"] if one["cell_type"] == "code"
    ]
    out = []
    for cell in cells:
        parts = []
        for one in cell["outputs"]:
            assert one["output_type"] != "error", one
            data = one.get("data", {})
            parts.append("image/png" if "image/png" in data else "".join(data.get("text/plain", one.get("text", ""))))
        out.append("".join(parts))
    return out


def test_the_notebook_runs(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch):
    plugins.on_path(monkeypatch)
    target = NOTEBOOK if os.environ.get("CODESEARCH_UPDATE_DOCS") else tmp_path / "done.ipynb"
    command = [sys.executable, "-c", RUN, str(NOTEBOOK), str(NOTEBOOK.parent), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    count, related, nearest, clusters, picture = outputs(target)
    assert int(count) > 200
    assert len(related.splitlines()) == len(nearest.splitlines()) == 5
    assert "refund" in nearest
    assert len(clusters.splitlines()) > 2
    assert picture == "image/png"
    stored = outputs(NOTEBOOK)
    assert (stored[0], stored[-1]) == (count, picture)
    assert all(stored)
    assert NOTEBOOK.stat().st_size < 200_000
