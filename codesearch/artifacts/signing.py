"""Signatures of artifacts, by `ssh-keygen -Y`, which is where git is: the keys are those that sign commits.

A signature is a file beside the artifact, with `.sig` after its name. `docs/teams.md` shows the commands that make and
check the same by hand.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from codesearch.core.errors import NotFoundError, StoreError, UsageError

NAMESPACE = "codesearch-artifact"
SUFFIX = ".sig"


def sign(artifact: Path, key: Path) -> Path:
    """Write the signature of an artifact with a private SSH key beside it; return its path."""
    if not key.is_file():
        raise NotFoundError(f"{key}: no such key")
    target = artifact.with_name(artifact.name + SUFFIX)
    target.unlink(missing_ok=True)
    done = _run("-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(artifact))
    if done.returncode:
        raise StoreError(f"{artifact}: not signed: {_said(done)}")
    return target


def verify(artifact: Path, signature: Path, signers: Path, *, name: str = "") -> str:
    """Return who signed an artifact. `signers` is a file of allowed signers, as git and ssh-keygen use it.

    `name` is what errors call the artifact, if it is a copy. Raises UsageError if there is no such file of signers,
    StoreError unless the signature is that of an allowed signer.
    """
    name = name or str(artifact)
    if not signers.is_file():
        raise UsageError(f"{signers}: no such file of allowed signers")
    if not signature.is_file():
        raise StoreError(f"{name}: refused: it is not signed ({name}{SUFFIX} is not there)")
    found = _run("-Y", "find-principals", "-f", str(signers), "-s", str(signature))
    who = found.stdout.decode("utf-8", "replace").strip().split("\n")[0]
    if found.returncode or not who:
        raise StoreError(f"{name}: refused: signed by no key in {signers}")
    command = ("-Y", "verify", "-f", str(signers), "-I", who, "-n", NAMESPACE, "-s", str(signature))
    with artifact.open("rb") as file:
        done = _run(*command, stdin=file.fileno())
    if done.returncode:
        raise StoreError(f"{name}: refused: the signature of {who} does not fit the file ({_said(done)})")
    return who


def _run(*arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", *arguments], stdin=stdin, capture_output=True, check=False, timeout=60)
    except FileNotFoundError as error:
        raise UsageError("signatures need ssh-keygen (OpenSSH 8.0 or later), which is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError("ssh-keygen waits for a passphrase; load the key into ssh-agent first") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"ssh-keygen ended with status {done.returncode}"
