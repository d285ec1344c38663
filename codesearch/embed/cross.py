"""The cross-encoder: a transformer that reads a question and a function together, and says how well they match.

Vectors are made of one text each, so they cannot tell a setter from a getter of the same name; this model can. It costs
a run per pair, so only the first hits of a ranking are compared with it.

Its folder has `config.json` and `model.onnx`. Words become numbers as in the bundled transformer, from that model's
files: the cross-encoder was trained with them as they are, so the package has that table once. Pairs are run one at a
time and never padded, so a score depends on the pair alone, bit for bit.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import machine
from codesearch.core.errors import ModelError
from codesearch.core.tokens import words
from codesearch.embed import MODELS, RERANKER, TRANSFORMER
from codesearch.embed import config as configuration
from codesearch.embed.config import CONFIG, MODEL, Config
from codesearch.embed.transformer import one_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

THREADS = 2
"""Pairs that are run at the same time, at most."""
OUTPUT = "score"
"""The output of the ONNX graph, float32 (1,); its input is float32 (1, tokens, dims)."""
_DESCRIPTIVE = ("version", "source", "sha256")
"""Fields that decide no score."""


@dataclass(frozen=True, slots=True)
class CrossConfig:
    """`config.json` of a cross-encoder."""

    name: str
    version: str
    embeddings: str
    """The `model_id` of the transformer whose table of tokens it needs."""
    tokens: int
    """Maximum number of tokens of a pair, special ones included."""
    query_tokens: int
    """Maximum number of tokens of the question."""
    files: Mapping[str, str]
    """SHA-256 of each file."""
    sizes: Mapping[str, int]
    """Bytes of each file."""
    source: str = ""
    """What it was trained from."""
    sha256: str = ""
    """Hash of everything that decides a score."""

    @property
    def model_id(self) -> str:
        """`name@` and 12 hex digits of `sha256`: scores of different ids are never mixed."""
        return f"{self.name}@{self.sha256[:12]}"


def digest(config: CrossConfig) -> str:
    """Return the SHA-256 of everything in a configuration that decides a score."""
    return configuration.hash_of(asdict(config), _DESCRIPTIVE)


def read(folder: Path) -> CrossConfig:
    """Return the configuration in a folder, after checking that its files exist and have their size.

    Raises ModelError if a file is missing or damaged.
    """
    path = folder / CONFIG
    try:
        raw = json.loads(path.read_bytes())
        config = CrossConfig(**{field.name: raw[field.name] for field in fields(CrossConfig)})
        sizes = {name: (folder / name).stat().st_size for name in config.sizes}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: the cross-encoder cannot be read: {error!r}; install codesearch again") from error
    for name, size in config.sizes.items():
        if sizes[name] != size:
            raise ModelError(f"{folder / name}: a file of the cross-encoder is damaged; install codesearch again")
    return config


class CrossEncoder:
    """Scores of pairs of a question and a document. Safe to use from several threads."""

    def __init__(self, folder: Path = MODELS / RERANKER, base: Path = MODELS / TRANSFORMER) -> None:
        """Use the model in `folder`, with the table of tokens of the transformer in `base`.

        Raises ModelError if a file is missing or damaged, or if `base` is another transformer than it was trained with.
        """
        self.config = read(folder)
        self._base_config: Config = configuration.read(base)
        self._folder, self._base = folder, base
        if self._base_config.model_id != self.config.embeddings:
            raise ModelError(
                f"{folder}: the cross-encoder needs the transformer {self.config.embeddings}, but {base} is "
                f"{self._base_config.model_id}; install codesearch again"
            )
        self._opened: tuple[Callable[[str], list[int]], Callable[[list[int], list[int]], float]] | None = None
        self._opening = threading.Lock()

    @property
    def model_id(self) -> str:
        """`name@` and the first 12 hex digits of a hash of everything that decides the scores."""
        return self.config.model_id

    def open(self) -> None:
        """Load the libraries and files now instead of with the first pair.

        Raises ModelError if onnxruntime is missing or a file is damaged.
        """
        with self._opening:
            if self._opened is None:
                from codesearch.embed.onnx import tokenizer

                self._opened = tokenizer(self._base, self._base_config), _runner(self._folder, self._base)

    def scores(
        self, query: str, documents: Sequence[str], should_stop: Callable[[], bool] = lambda: False
    ) -> list[float] | None:
        """Return how well each document (of `codesearch.embed.FIELDS`) answers a question, in log-odds.

        `should_stop` is called before each pair; if it returns True, the answer is None. Raises as `open`.
        """
        from codesearch.embed.onnx import each

        self.open()
        assert self._opened is not None
        tokenize, run = self._opened
        asked = self._asked(query)
        found = [0.0] * len(documents)
        stopped = False

        def score(at: int) -> None:
            nonlocal stopped
            stopped = stopped or should_stop()
            if not stopped:
                found[at] = run(*self._pair(asked, tokenize, one_line(documents[at])))

        order = sorted(range(len(documents)), key=lambda at: -len(documents[at]))  # the threads end at the same time
        each(score, order, min(THREADS, machine.cores()))
        return None if stopped else found

    def _asked(self, query: str) -> list[int]:
        assert self._opened is not None
        most = self.config.query_tokens
        return self._opened[0](" ".join(words(query)[:most]))[:most]

    def _pair(
        self, asked: list[int], tokenize: Callable[[str], list[int]], document: str
    ) -> tuple[list[int], list[int]]:
        """Return the tokens of a pair, and of each whether it belongs to the document (1) or not (0)."""
        before, after = self._base_config.before, self._base_config.after
        first = [*before, *asked, *after]
        room = self.config.tokens - len(first) - len(after)
        # A word is at least one token, so words beyond the limit need not be tokenized.
        second = [*tokenize(" ".join(document.split(" ", room)[:room]))[:room], *after]
        return first + second, [0] * len(first) + [1] * len(second)


def usable() -> bool:
    """Return whether this machine can run the cross-encoder: it needs onnxruntime, since numpy is too slow."""
    from codesearch.embed import onnx

    return not onnx.missing()


def _runner(folder: Path, base: Path) -> Callable[[list[int], list[int]], float]:
    """Return a function from tokens and their types to the score of a pair. Raises ModelError."""
    from codesearch.embed import numpy_transformer, onnx

    session = onnx.inference(folder)
    try:
        embed = numpy_transformer.embeddings(base / MODEL)
    except (OSError, ValueError) as error:
        raise configuration.damaged(base, error) from error
    name = session.get_inputs()[0].name

    def run(ids: list[int], types: list[int]) -> float:
        return float(session.run([OUTPUT], {name: embed(ids, types)[None]})[0][0])

    return run


def write(config: CrossConfig, folder: Path) -> CrossConfig:
    """Write `config.json` with the hash of the configuration; return the configuration as written."""
    values: dict[str, Any] = asdict(config) | {"sha256": digest(config)}
    (folder / CONFIG).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return CrossConfig(**values)
