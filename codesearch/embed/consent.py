"""Where the user allowed code to be sent to a model over an API: kept beside the model, never in a repository."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from codesearch.core.errors import ModelError

FILE = "allowed.json"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a model may be sent."""

    folders: tuple[str, ...] = ()
    """Absolute paths without links: the code in them and below them."""
    everywhere: bool = False

    def covers(self, root: Path | None) -> bool:
        """Return whether the code of a tree may be sent; None is a tree without a folder."""
        if self.everywhere or root is None:
            return self.everywhere
        real = Path(os.path.realpath(root))
        return any(real == Path(folder) or Path(folder) in real.parents for folder in self.folders)

    def with_folder(self, root: Path) -> Consent:
        """Return the consent extended to a folder."""
        return Consent(tuple(sorted({*self.folders, os.path.realpath(root)})), self.everywhere)

    def without_folder(self, root: Path) -> Consent:
        """Return the consent without a folder, and without the one for everything."""
        return Consent(tuple(folder for folder in self.folders if folder != os.path.realpath(root)))


def read(model: Path) -> Consent:
    """Return the consent for the model in a folder; a file that cannot be read allows nothing."""
    try:
        found = json.loads((model / FILE).read_bytes())
        folders = tuple(folder for folder in found["folders"] if isinstance(folder, str))
        return Consent(folders, found["everywhere"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return Consent()


def write(model: Path, consent: Consent) -> None:
    """Keep the consent for the model in a folder. Raises ModelError if that is not possible."""
    new = model / f"{FILE}.{os.getpid()}"
    try:
        new.write_text(json.dumps(asdict(consent), indent=2) + "\n", "utf-8")
        new.replace(model / FILE)
    except OSError as error:
        raise ModelError(f"{model / FILE}: cannot be written: {error.strerror or error}") from error
