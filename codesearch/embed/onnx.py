"""Transformers run by onnxruntime: the bundled one, and those imported by `codesearch model add`.

A model is a folder with `config.json` (see `codesearch.embed.config`), `vocab.txt` or `tokenizer.json`, and
`model.onnx`. Texts are run one at a time and never padded: dynamic quantisation scales the activations of a whole
tensor, so in a batch the vector of a text would depend on the other texts. Instead, several threads each run their own
texts.

Without onnxruntime, `codesearch.embed.numpy_transformer` runs the models that it knows, such as the bundled one.

Creating an `OnnxEmbedder` only reads the configuration; numpy and onnxruntime are loaded with the first text.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from codesearch.core import machine
from codesearch.core.errors import ModelError
from codesearch.core.log import Log
from codesearch.embed import config as configuration
from codesearch.embed.config import MODEL, TOKENIZER, VOCABULARY, Config
from codesearch.embed.transformer import Transformer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.embed.wordpiece import WordPiece

log = Log("codesearch.embed")

_broken = ""
"""Why onnxruntime could not be imported."""

_wordpieces: WeakValueDictionary[tuple[Path, int, str], WordPiece] = WeakValueDictionary()
"""The tokenizers in use, by vocabulary, its time and the model: the transformer and the cross-encoder share theirs."""

MAX_THREADS = 8
"""More threads gain little for the few texts of a query, and would starve other programs during a backfill."""


class OnnxEmbedder(Transformer):
    """Vectors of a transformer, float32 and of length 1. Safe to use from several threads."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Use the model in `folder`; one call uses `threads` threads, by default one per core, at most MAX_THREADS.

        Raises ModelError if a file of the model is missing or damaged.
        """
        super().__init__(folder)
        self._threads = threads or min(MAX_THREADS, machine.cores())
        self._opened: tuple[Callable[[str], list[int]], Callable[[list[int]], Any]] | None = None
        self._opening = threading.Lock()

    def open(self) -> None:
        """Load the libraries and the files now instead of with the first text.

        Raises ModelError if a library is missing or a file is damaged.
        """
        with self._opening:
            if self._opened is None:
                tokenize = tokenizer(self._folder, self.config)
                self._opened = tokenize, _session(self._folder)

    def _encode(self, texts: Sequence[str], prompt: str, tokens: int) -> npt.NDArray[np.float32]:
        self.open()
        import numpy as np

        out = np.zeros((len(texts), self.dims), np.float32)
        # Longest first, so that the threads finish at about the same time.
        order = sorted((at for at, text in enumerate(texts) if text), key=lambda at: -len(texts[at]))
        each(lambda at: self._run(prompt + texts[at], tokens, out[at]), order, self._threads)
        return out

    def _run(self, text: str, tokens: int, out: npt.NDArray[np.float32]) -> None:
        """Write the vector of one text to `out`."""
        import numpy as np

        assert self._opened is not None
        tokenize, run = self._opened
        config = self.config
        room = tokens - len(config.before) - len(config.after)
        # A word is at least one token, so words beyond the limit need not be tokenized.
        ids = tokenize(" ".join(text.split(" ", room)[:room]))[:room]
        states = run([*config.before, *ids, *config.after])
        if config.pooling == "mean":
            vector = states.mean(axis=0, dtype=np.float64)
        elif config.pooling == "cls":
            vector = states[0].astype(np.float64)
        else:
            vector = states.max(axis=0).astype(np.float64)
        if vector.shape != out.shape:
            raise configuration.damaged(self._folder, f"vectors of {vector.shape[0]} numbers, not {out.shape[0]}")
        out[:] = vector / (np.sqrt((vector * vector).sum()) or 1.0)


def each(work: Callable[[int], None], items: Sequence[int], threads: int) -> None:
    """Do the work on each item, in order, in several threads including the caller's. Raises what any of them raised."""
    taking, waiting = threading.Lock(), iter(items)
    failed: list[BaseException] = []

    def run() -> None:
        while not failed:
            with taking:
                item = next(waiting, None)
            if item is None:
                return
            work(item)

    def help_out() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 -- the caller's thread raises it
            failed.append(error)

    helpers = [threading.Thread(target=help_out, daemon=True) for _ in range(min(threads, len(items)) - 1)]
    for helper in helpers:
        helper.start()
    try:
        run()
    except BaseException as error:
        failed.append(error)  # so that the helpers stop at once
        raise
    finally:
        for helper in helpers:
            helper.join()
    if failed:
        raise failed[0]


def tokenizer(folder: Path, config: Config) -> Callable[[str], list[int]]:
    """Return a function from a text to its token ids, without special tokens. Raises ModelError."""
    if config.wordpiece:
        from codesearch.embed.wordpiece import WordPiece

        file = folder / VOCABULARY
        try:
            key = file, file.stat().st_mtime_ns, config.model_id
            if (known := _wordpieces.get(key)) is not None:
                return known
            _wordpieces[key] = made = WordPiece(file.read_text("utf-8"), **config.wordpiece)  # type: ignore[arg-type]
        except (OSError, ValueError, TypeError) as error:
            raise configuration.damaged(folder, error) from error
        return made
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _missing("tokenizers", error) from error
    try:
        library = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:
        raise configuration.damaged(folder, error) from error

    def tokenize(text: str) -> list[int]:
        ids: list[int] = library.encode(text, add_special_tokens=False).ids
        return ids

    return tokenize


def runtime() -> Any:
    """Return onnxruntime with its telemetry switched off. Raises ImportError.

    Version 1.31 writes events, with an identifier of the machine, to a file in the user's cache folder and sends them
    to its makers, unless this variable is set when it is loaded.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # Its library imports parts of numpy. While another thread imports numpy, too, that would fail in one of them or end
    # the process; Python's own import waits for the other thread.
    import numpy  # noqa: F401
    import onnxruntime

    return onnxruntime


def inference(folder: Path) -> Any:
    """Return onnxruntime's session of the model in a folder, which runs a text in the thread that asks.

    Raises ModelError if onnxruntime cannot be imported or the file is damaged.
    """
    try:
        onnxruntime = runtime()
    except ImportError as error:
        raise _missing("onnxruntime", error) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the threads are ours
    options.log_severity_level = 4
    # Memory that a run needs goes back to the heap: keeping 15 MB for the next run would save no time.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    # The export has already fused what can be fused.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise configuration.damaged(folder, error) from error


def _session(folder: Path) -> Callable[[list[int]], Any]:
    """Return a function from token ids to hidden states, float32 (tokens, dims)."""
    try:
        runtime()
    except ImportError as error:
        return _numpy_session(folder, error)
    import numpy as np

    session = inference(folder)
    types = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
    inputs = {one.name: types.get(one.type, np.int64) for one in session.get_inputs()}
    output = [session.get_outputs()[0].name]

    def run(ids: list[int]) -> Any:
        values: dict[str, npt.NDArray[Any]] = {}
        for name, kind in inputs.items():
            if name == "input_ids":
                values[name] = np.array([ids], kind)
            else:
                values[name] = (np.ones if name == "attention_mask" else np.zeros)((1, len(ids)), kind)
        return session.run(output, values)[0][0]

    return run


def _numpy_session(folder: Path, reason: ImportError) -> Callable[[list[int]], Any]:
    """Return the same function without onnxruntime. Raises ModelError if it has to run the model."""
    from codesearch.embed import numpy_transformer

    global _broken
    _broken = " ".join(str(reason).split())
    log.info("onnxruntime cannot be imported (%s); numpy runs the model", _broken)
    try:
        return numpy_transformer.session(folder / MODEL)
    except numpy_transformer.UnsupportedModelError as error:
        raise _missing("onnxruntime", reason) from error
    except (OSError, ValueError) as error:
        raise configuration.damaged(folder, error) from error


def missing() -> str:
    """Return what does not work because onnxruntime is not installed or cannot be imported; "" if it can."""
    if find_spec("onnxruntime") is None:
        why = "is not installed"
    elif _broken:
        why = f"cannot be imported ({_broken})"
    else:
        return ""
    return f"onnxruntime {why}: numpy runs the reranker, which takes about four times as long"


def _missing(library: str, error: ImportError) -> ModelError:
    return ModelError(f"{library} cannot be imported, so transformers cannot run on this machine ({error})")
