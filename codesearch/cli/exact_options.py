"""The options of an exact search, beside a question or alone."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.exact.pattern import Pattern


class ExactOptions(NamedTuple):
    """Which text must be there as it is."""

    regexp: Annotated[
        list[str] | None,
        typer.Option(
            "--regexp",
            "-e",
            metavar="REGEX",
            help="Only symbols with a line that matches; without TEXT, every matching line. Repeatable.",
            show_default=False,
        ),
    ] = None
    fixed: Annotated[bool, typer.Option("--fixed", "-F", help="REGEX is literal text.")] = False
    word: Annotated[bool, typer.Option("--word", "-w", help="REGEX must match whole words.")] = False
    ignore_case: Annotated[
        bool, typer.Option("--ignore-case/--case", "-i", help="Upper and lower case are the same in REGEX.")
    ] = False

    @property
    def pattern(self) -> "Pattern | None":
        """What is searched for; None without `-e`. Raises UsageError for options that need it."""
        if not self.regexp:
            for option, given in (("--fixed", self.fixed), ("--word", self.word), ("--ignore-case", self.ignore_case)):
                if given:
                    raise UsageError(f"{option} says how -e REGEX is searched for, and there is no -e")
            return None
        from codesearch.exact.pattern import COMMAND_OPTION, Pattern

        return Pattern(tuple(self.regexp), self.fixed, self.word, self.ignore_case, COMMAND_OPTION)
