"""
The editors as users see them, in a terminal: the tests type keys and read the screen.

With CODESEARCH_WRITE_CAPTURES=1, the screens are written into docs/editors.md, between the markers that name them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.editors import conftest
from tests.editors.conftest import HOUSE

pytestmark = pytest.mark.timeout(120)

DOCUMENT = HOUSE / "docs" / "editors.md"
COLUMNS, LINES = 100, 24
QUESTION = "where are failed uploads retried"

FILES = {
    "sender/queue.py": '''
"""Files on their way to the archive."""

import time


class Queue:
    """Jobs that wait for a free connection."""

    def __init__(self):
        self.jobs = []

    def push(self, job):
        """Put a job at the end."""
        self.jobs.append(job)

    def resend(self, job, attempts=5):
        """Send a job again that did not arrive, waiting longer each time."""
        for attempt in range(attempts):
            if job.send():
                return True
            time.sleep(2**attempt)
        return False
''',
    "sender/checksum.py": '''
import hashlib


def digest(path):
    """Tell whether two files hold the same bytes without comparing them."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
''',
    "sender/limits.py": '''
def allowed(size, plan):
    """Refuse files that are larger than the customer's plan permits."""
    return size <= {"free": 10, "team": 500}[plan] * 2**20


def remaining(used, plan):
    """Say how much room is left."""
    return {"free": 10, "team": 500}[plan] * 2**20 - used
''',
    "billing/invoice.py": '''
def total(lines, tax):
    """Add up what a customer owes, with tax."""
    return sum(line.price * line.count for line in lines) * (1 + tax)


def remind(invoice, mail):
    """Write to customers who have not paid in time."""
    if invoice.overdue:
        mail.send(invoice.customer, "Please pay invoice " + invoice.number)
''',
    "web/login.py": '''
def sign_in(name, password, users):
    """Check a password and open a session."""
    user = users.get(name)
    return user.session() if user and user.matches(password) else None


def sign_out(session):
    """Forget a session."""
    session.close()
''',
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("terminal") / "archive"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    (root / ".git").mkdir()
    subprocess.run(
        [*conftest.COMMAND, "index", "-q", str(root)], check=True, env={**os.environ, "PYTHONPATH": str(HOUSE)}
    )
    return root


class Screen:
    """A terminal with a running program; keys go in, lines come out."""

    def __init__(self, command: list[str], environment: dict[str, str], cwd: Path, folder: Path) -> None:
        self.tmux = ["tmux", "-f", "/dev/null", "-S", str(folder / "tmux")]
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        self._tmux(
            "new-session",
            "-d",
            "-x",
            str(COLUMNS),
            "-y",
            str(LINES),
            "-c",
            str(cwd),
            f"env -i {given} {shlex.join(command)}",
        )
        self._tmux("set-option", "-g", "status", "off")

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run([*self.tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def type(self, text: str, pause: float = 0.02) -> None:
        """Type key by key, as users do."""
        for letter in text:
            self._tmux("send-keys", "-l", letter if letter != ";" else "\\;")
            time.sleep(pause)

    def keys(self, *names: str) -> None:
        for name in names:
            self._tmux("send-keys", name)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines()).rstrip() + "\n"

    def until(self, *wanted: str, seconds: float = 25) -> str:
        """Wait until the screen matches all patterns and stays so for a moment; return it."""
        end = time.monotonic() + seconds
        while True:
            seen = self.text()
            if all(re.search(one, seen, re.MULTILINE) for one in wanted):
                time.sleep(0.3)
                if self.text() == seen:
                    return seen
            elif time.monotonic() > end:
                pytest.fail(f"the screen never showed {wanted}; it shows:\n{seen}")
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)


Start = Callable[..., Screen]


@pytest.fixture
def start(project: Path, home: Path, tmp_path: Path) -> Iterator[Start]:
    conftest.required("tmux")
    screens: list[tuple[Screen, Path]] = []

    def started(command: list[str], server: list[str], **more: str) -> Screen:
        # The path of a Unix socket must be short; pytest's folders can be too long.
        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"cs-{os.getpid()}-{len(screens)}-{tmp_path.name[-12:]}"
        folder.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "screen-256color", "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join((str(HOUSE), str(HOUSE / "lsp"))), "CS_SERVER": json.dumps(server),
            "CS_PLUGINS": str(conftest.PLUGINS), **more,
        }  # fmt: skip
        screen = Screen(command, environment, project, folder)
        screens.append((screen, folder))
        return screen

    yield started
    for screen, folder in screens:
        screen.close()
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()


def shown(name: str, screen: str) -> None:
    """Write a screen into the documentation, if the variable is set."""
    if os.environ.get("CODESEARCH_WRITE_CAPTURES") != "1":
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    block = f"<!-- capture: {name} -->\n```text\n{screen}```\n<!-- end -->"
    pattern = re.compile(rf"<!-- capture: {name} -->.*?<!-- end -->", re.DOTALL)
    assert pattern.search(text), f"{DOCUMENT} has no place for {name}"
    DOCUMENT.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")


NVIM = """
vim.opt.runtimepath:prepend(vim.env.CS_PLUGINS .. '/neovim')
for _, name in ipairs(vim.split(vim.env.CS_MORE or '', ':', { trimempty = true })) do
  vim.opt.runtimepath:append(name)
end
vim.opt.swapfile = false
require('codesearch').setup({ cmd = vim.fn.json_decode(vim.env.CS_SERVER), picker = vim.env.CS_PICKER or 'auto' })
"""

EMACS = """
(package-initialize)
(add-to-list 'load-path (concat (getenv "CS_PLUGINS") "/emacs"))
(require 'codesearch)
(setq codesearch-command (json-parse-string (getenv "CS_SERVER") :array-type 'list)
      native-comp-async-report-warnings-errors nil inhibit-startup-screen t
      ring-bell-function #'ignore create-lockfiles nil)
(menu-bar-mode -1)
(if (getenv "CS_PLAIN") (setq codesearch-use-consult nil) (require 'consult) (vertico-mode))
"""

VIM = """
set nocompatible noswapfile laststatus=2 ruler shortmess+=I
execute 'set runtimepath^=' . fnameescape($CS_PLUGINS . '/vim')
let g:codesearch_command = json_decode($CS_SERVER)[:-2]
"""


@pytest.mark.parametrize("kind", ["debian", "wheel"])
def test_neovim(kind: str, start: Start, home: Path) -> None:
    nvim = conftest.neovims()[kind]
    if nvim is None:
        conftest.absent(f"no Neovim of this kind: {kind}")
    (home / "init.lua").write_text(NVIM, encoding="utf-8")
    screen = start([str(nvim), "-n", "-i", "NONE", "-u", str(home / "init.lua"), "sender/limits.py"], conftest.server())
    screen.until("def allowed")
    screen.type(":Codesearch\n" if kind == "wheel" else f":Codesearch {QUESTION[:5]}\n")
    screen.until("^ *│ *│" if kind == "wheel" else QUESTION[:5])
    screen.type(QUESTION if kind == "wheel" else QUESTION[5:])
    seen = screen.until(r"sender/queue\.py:16 +def resend", "Send a job again", r"retried +\d+")
    lines = [line for line in seen.splitlines() if re.search(r"\.py:\d+", line)]
    assert "def resend" in lines[0], seen
    if kind == "wheel":
        shown("neovim-wheel", seen)
    screen.keys("Enter")
    screen.until(r"def resend\(self, job", r"16,9")


def test_neovim_quickfix(start: Start, home: Path) -> None:
    nvim = conftest.neovims()["debian"]
    if nvim is None:
        conftest.absent("no Debian Neovim")
    (home / "init.lua").write_text(NVIM, encoding="utf-8")
    screen = start([str(nvim), "-n", "-i", "NONE", "-u", str(home / "init.lua"), "sender/limits.py"], conftest.server())
    screen.until("def allowed")
    screen.type(f":Codesearch! {QUESTION}\n")
    seen = screen.until(r"^sender/queue\.py\|16 col 9\| def resend")
    shown("neovim-quickfix", seen)


def test_emacs_with_consult(start: Start, home: Path) -> None:
    conftest.required("emacs")
    (home / "init.el").write_text(EMACS, encoding="utf-8")
    screen = start(["emacs", "-nw", "-q", "-l", str(home / "init.el"), "sender/limits.py"], conftest.server())
    screen.until("def allowed")
    screen.keys("M-x")
    screen.type("codesearch\n")
    screen.until("Codesearch: #")
    screen.type(QUESTION)
    seen = screen.until(rf"Codesearch: #{QUESTION}\n.*sender/queue\.py:16: def resend", "Send a job again")
    shown("emacs-consult", seen)
    screen.keys("Enter")
    screen.until(r"def resend\(self, job", r"queue\.py .* L16 ")


def test_emacs_with_xref(start: Start, home: Path) -> None:
    conftest.required("emacs")
    (home / "init.el").write_text(EMACS, encoding="utf-8")
    screen = start(
        ["emacs", "-nw", "-q", "-l", str(home / "init.el"), "sender/limits.py"], conftest.server(), CS_PLAIN="1"
    )
    screen.until("def allowed")
    screen.keys("M-x")
    screen.type("codesearch\n")
    screen.until("Codesearch:")
    screen.type(QUESTION + "\n")
    seen = screen.until(r"queue\.py\n *16: def resend", r"\*xref\*")
    shown("emacs-xref", seen)


def test_vim(start: Start, home: Path) -> None:
    conftest.required("vim")
    (home / "vimrc").write_text(VIM, encoding="utf-8")
    screen = start(["vim", "-i", "NONE", "-u", str(home / "vimrc"), "sender/limits.py"], [*conftest.COMMAND, "lsp"])
    screen.until("def allowed")
    screen.type(f":Codesearch {QUESTION}\n")
    seen = screen.until(r"sender/queue\.py\|16 col 5\| def resend")
    shown("vim", seen)
    screen.type(":cc 1\n")
    screen.until(r"def resend\(self, job", "16,5")


def test_a_wrong_screen_is_noticed(start: Start, home: Path) -> None:
    """Negative control: with a server that answers wrongly, the expected screen never appears."""
    nvim = conftest.neovims()["debian"]
    if nvim is None:
        conftest.absent("no Debian Neovim")
    (home / "init.lua").write_text(NVIM, encoding="utf-8")
    log = home / "log"
    screen = start(
        [str(nvim), "-n", "-i", "NONE", "-u", str(home / "init.lua"), "web/login.py"], conftest.fake("wrong", log)
    )
    screen.until("def sign_in")
    screen.type(f":Codesearch {QUESTION}\n")
    screen.until("def wrong")
    with pytest.raises(pytest.fail.Exception):
        screen.until(r"def resend", seconds=1)
