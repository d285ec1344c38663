"""Build the distribution and check it: versions, what is in the wheel, and an installation in a fresh environment.

    python .ci/release_check.py [--no-install]

Needs the network for the build's and the installation's packages. Leaves the files in dist/.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
DIST = HOUSE / "dist"
LICENCES = ["LICENSE", "LICENSES/MiniLM-MIT.txt", "NOTICE"]
FORBIDDEN = re.compile(r"(^|/)(tests?|training|benchmarks|node_modules|__pycache__|\.codesearch|\.git)/")


def _run(*command: str | Path, cwd: Path = HOUSE) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"failed with status {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def _version() -> str:
    program = f"import sys; sys.path.insert(0, {str(HOUSE)!r}); import codesearch; print(codesearch.__version__)"
    return _run(sys.executable, "-c", program).strip()


def _check_changelog(version: str) -> None:
    dated = re.search(r"^## (\d[\w.]*) \(\d{4}-\d\d-\d\d\)$", (HOUSE / "CHANGELOG.md").read_text("utf-8"), re.M)
    if dated is None or dated[1] != version:
        sys.exit(f"the newest dated section of CHANGELOG.md is {dated and dated[1]}, the version is {version}")


def _expected() -> set[str]:
    """Return the names that the wheel must hold, taken from git's list of files."""
    tracked = _run("git", "ls-files", "codesearch", "lsp/codesearch_lsp", "editors").splitlines()
    plugins = ("editors/neovim/", "editors/emacs/", "editors/vim/")
    names = {name.removeprefix("lsp/") for name in tracked if not name.startswith("editors/")}
    return names | {f"codesearch/{name}" for name in tracked if name.startswith(plugins)}


def _check_names(names: Iterable[str], version: str) -> None:
    names = set(names)
    info = f"codesearch_local-{version}.dist-info/"
    missing = _expected() - names
    strange = {name for name in names if FORBIDDEN.search(name)}
    strange |= {name for name in names - _expected() if not name.startswith(info)}
    licences = [name for name in names if name.startswith(f"{info}licenses/")]
    for problem, found in (("missing in the wheel", missing), ("does not belong in the wheel", strange)):
        if found:
            sys.exit(f"{problem}: {', '.join(sorted(found))}")
    if sorted(name.removeprefix(f"{info}licenses/") for name in licences) != LICENCES:
        sys.exit(f"the wheel must hold {LICENCES} as licences, and has {licences}")
    if twice := [name for name in names if "NOTICE" in name and name not in licences]:
        sys.exit(f"the wheel holds notices twice: {twice}")


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def _wheel_of(source: Path, folder: Path) -> Path:
    """Build a wheel from a source distribution, as a packager does."""
    with tarfile.open(source) as archive:
        if sys.version_info >= (3, 12):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)
    (tree,) = folder.iterdir()
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "out", tree)
    (wheel,) = (folder / "out").iterdir()
    return wheel


def _try(wheel: Path, folder: Path, version: str) -> None:
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    _run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    if version not in (said := _run(programs / "codesearch", "--version", cwd=folder)):
        sys.exit(f"the installed command says it is {said}")
    example = folder / "example"
    example.mkdir()
    (example / "retry.py").write_text('def again(path):\n    """Send a failed upload again."""\n', "utf-8")
    found = _run(programs / "codesearch", "query", "retry failed uploads", example, "--format", "paths", cwd=folder)
    if "retry.py" not in found:
        sys.exit(f"the installed command found {found!r}")


def main() -> None:
    """Build, check, and say what was built; end with a message at the first problem."""
    version = _version()
    _check_changelog(version)
    for old in DIST.glob("codesearch_local-*"):
        old.unlink()
    _run(sys.executable, "-m", "build", "--outdir", DIST, HOUSE)
    wheel = DIST / f"codesearch_local-{version}-py3-none-any.whl"
    source = DIST / f"codesearch_local-{version}.tar.gz"
    for file in (wheel, source):
        if not file.exists():
            sys.exit(f"{file} was not built; dist/ holds {sorted(one.name for one in DIST.iterdir())}")
    _check_names(_names(wheel), version)
    with tempfile.TemporaryDirectory() as folder:
        again = _names(_wheel_of(source, Path(folder) / "source"))
        if again != _names(wheel):
            sys.exit(f"a wheel built from the source distribution differs: {sorted(again ^ _names(wheel))}")
        if "--no-install" not in sys.argv:
            _try(wheel, Path(folder), version)
    print(f"{wheel.name} and {source.name} are fit for release")


if __name__ == "__main__":
    main()
