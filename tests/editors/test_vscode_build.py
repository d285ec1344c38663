"""The VS Code extension without VS Code: its unit tests, types, lint, and the contents of the VSIX."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.editors.needs import HOUSE
from tests.editors.vscode import pictures, rig
from tests.editors.vscode.build import Sources

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("script", ["typecheck", "lint", "test"])
def test_the_extension_passes(script: str, extension: Sources) -> None:
    done = extension.npm("run", script)
    assert done.returncode == 0, done.stdout
    if script == "test":
        passed = re.search(r"^[#ℹ] pass (\d+)$", done.stdout, re.MULTILINE)
        assert passed and int(passed[1]) >= 20, done.stdout


def test_the_vsix_is_small_and_holds_what_is_needed(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        names = sorted(archive.namelist())
        manifest = json.loads(archive.read("extension/package.json"))
        bundle = archive.read("extension/dist/extension.js").decode()
    assert vsix.stat().st_size < 400_000
    wanted = [
        "dist/extension.js",
        "package.json",
        "package.nls.json",
        "readme.md",
        "changelog.md",
        "LICENSE.txt",
        "icon.png",
    ]
    for name in (*wanted, "l10n/bundle.l10n.json", "media/view.svg"):
        assert f"extension/{name}" in names, names
    allowed = r"extension/(images/\w+\.png|media/[\w-]+\.(svg|md|png))|extension\.vsixmanifest|\[Content_Types\]\.xml"
    known = {f"extension/{name}" for name in (*wanted, "l10n/bundle.l10n.json")}
    assert [name for name in names if name not in known and not re.fullmatch(allowed, name)] == []
    assert manifest["engines"]["vscode"] == "^1.100.0"
    # One file: at run time, it requires only VS Code itself and modules of node.
    required = set(re.findall(r"""\brequire\(["']([\w@/.:-]+)["']\)""", bundle))
    builtin = set(json.loads(_node("JSON.stringify(require('module').builtinModules)")))
    assert {name.removeprefix("node:") for name in required} <= builtin | {"vscode"}, required
    assert "sourceMappingURL" not in bundle


def _node(expression: str) -> str:
    return subprocess.run(["node", "-p", expression], capture_output=True, text=True, check=True).stdout


def test_the_lock_files_name_no_registry() -> None:
    for folder in (rig.EXTENSION, rig.HERE):
        lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
        assert len(lock["packages"]) > 1
        assert [name for name, one in lock["packages"].items() if "resolved" in one] == []
        assert [name for name, one in lock["packages"].items() if name and "integrity" not in one] == []


@pytest.mark.parametrize("document", ["README.md", "editors/vscode/README.md"])
def test_the_pictures_of_a_document_are_there(document: str) -> None:
    file = HOUSE / document
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", file.read_text(encoding="utf-8"))
    assert len(named) >= 4
    for name in named:
        picture = file.parent / name
        assert pictures.size(picture) >= (600, 300)
        assert picture.stat().st_size < 120_000


def test_no_known_weakness_in_its_packages(extension: Sources) -> None:
    done = subprocess.run(
        ["npm", "audit", "--json", "--package-lock-only"],
        cwd=extension.root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    report = json.loads(done.stdout[done.stdout.index("{") :])
    if "metadata" not in report:
        pytest.skip(f"the registry cannot be asked: {report.get('message', report)}")
    assert report["metadata"]["vulnerabilities"]["total"] == 0, done.stdout
