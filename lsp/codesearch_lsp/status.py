"""What the server says about its folders: codesearch/status, and whether an answer is complete."""

from __future__ import annotations

from typing import Any

from codesearch_lsp.folders import Folder

CANCELLED = "indexing was cancelled; reindex to continue"


def state_name(folder: Folder) -> str:
    """Return a folder's state as docs/lsp.md names it."""
    state = folder.state()
    if folder.problem:
        return "failed"
    if folder.note or (folder.engine is not None and folder.engine.cancelled):
        return "stopped"
    if state.updating is not None:
        return "indexing"
    if state.problem:
        return "failed"
    return "ready" if state.fresh else "starting"


def folder_status(folder: Folder) -> dict[str, Any]:
    """Return a folder of codesearch/status."""
    state = folder.state()
    found: dict[str, Any] = {
        "uri": folder.uri,
        "name": folder.name,
        "state": state_name(folder),
        "files": folder.counts[0],
        "symbols": folder.counts[1],
        "embedded": folder.embedded,
        "index": str(folder.engine.index_path) if folder.engine is not None else "",
        "message": folder.problem or state.problem or folder.note,
    }
    if state.updating is not None:
        found["progress"] = {"files": state.updating.files, "filesTotal": state.updating.files_total}
    if state.embedding is not None:
        found["embedded"] = state.embedding.done
    return found


def completeness(folders: list[Folder]) -> dict[str, Any]:
    """Return the members `complete` and `message` of an answer from these folders."""
    if not any(folder.root is not None for folder in folders):
        return {"complete": True, "message": "no folder is open; only open files are searched"}
    found = [_completeness(folder) for folder in folders if folder.root is not None]
    return {
        "complete": all(complete for complete, _ in found),
        "message": "; ".join(message for _, message in found if message),
    }


def _completeness(folder: Folder) -> tuple[bool, str]:
    state = folder.state()
    complete = (state.fresh and not folder.unfinished) or bool(folder.note and folder.answers)
    if state.updating is not None and not state.fresh:
        done = state.updating
        return complete, f"{folder.name}: indexing, {done.files:,} of {done.files_total:,} files"
    if folder.problem or state.problem:
        return complete, f"{folder.name}: {folder.problem or state.problem}"
    if folder.note:
        return complete, f"{folder.name}: {folder.note}"
    if not complete and not folder.answers:
        return complete, f"{folder.name}: indexing has not started yet"
    if folder.unfinished:
        return complete, f"{folder.name}: the first indexing has not finished; results may be missing"
    return complete, f"{folder.name}: {folder.shortfall}" if folder.shortfall else ""
