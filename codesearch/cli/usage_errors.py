"""Turns typer's errors about wrong arguments into whole sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

_REFUSED = re.compile(r"'(?P<text>.*)' is not |(?P<number>\S+) is not in the range", re.DOTALL)
_UNEXPECTED = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((?P<words>.*)\)", re.DOTALL)


def explained(problem: Exception, arguments: Sequence[str]) -> str:
    """Return what is wrong with the arguments of a command, and where its help is."""
    command = _command(problem, arguments)
    sentence = " ".join(_sentence(problem).split()).rstrip(".")
    if type(problem).__name__ == "NoSuchOption" and command == "codesearch query":
        sentence = (
            sentence + ("" if sentence.endswith("?") else ".") + " Put a query that starts with `-` after `--`: "
            "codesearch query -- '-Wall warnings'"
        )
    return f"{sentence}{'' if sentence.endswith('?') else '.'} Try `{command} --help`."


def _command(problem: Exception, arguments: Sequence[str]) -> str:
    context = getattr(problem, "ctx", None)
    if context is not None:
        return str(context.command_path)
    from codesearch.cli.names import NAMES

    return f"codesearch {arguments[0]}" if arguments and arguments[0] in NAMES else "codesearch"


def _sentence(problem: Exception) -> str:
    message = str(getattr(problem, "message", "") or problem)
    kind, option = type(problem).__name__, getattr(problem, "option_name", "")
    if kind == "NoSuchOption":
        similar = get_close_matches(option, getattr(problem, "possibilities", None) or (), n=1, cutoff=0.0)
        return f"There is no option {option}" + "".join(f"; did you mean {one}?" for one in similar)
    if kind == "BadOptionUsage":
        return f"{option} needs a value" if "requires" in message else f"{option} takes no value"
    if unexpected := _UNEXPECTED.match(message):
        return f"Unexpected argument: {unexpected['words']}"
    parameter: Any = getattr(problem, "param", None)
    if parameter is None:
        return problem.format_message() if hasattr(problem, "format_message") else message
    name = parameter.metavar if parameter.param_type_name == "argument" else max(parameter.opts, key=len)
    if kind == "MissingParameter":
        return f"{name} is missing{_or_variable(parameter)}"
    expected, refused = _expected(parameter.type), _REFUSED.match(message)
    if not expected or refused is None:
        return f"{name}: {message}"
    given = repr(refused["text"]) if refused["number"] is None else refused["number"]
    return f"{name} must be {expected}, not {given}"


def _or_variable(parameter: Any) -> str:
    """Return which variable of the environment may hold a parameter; "" if there is none."""
    return f" (or set {parameter.envvar})" if parameter.envvar else ""


def _expected(type_: Any) -> str:
    """Return the allowed values of a parameter; "" if any value is allowed."""
    choices = [str(getattr(choice, "value", choice)) for choice in getattr(type_, "choices", ())]
    if choices:
        return _either(choices)
    numbers = {"int": "a whole number", "integer": "a whole number", "float": "a number"}
    number = numbers.get(str(type_.name).partition(" ")[0], "")
    if not number:
        return ""
    least, most = getattr(type_, "min", None), getattr(type_, "max", None)
    if least is not None and most is not None:
        return f"{number} from {least:g} to {most:g}"
    return f"{number} of at least {least:g}" if least is not None else number


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
