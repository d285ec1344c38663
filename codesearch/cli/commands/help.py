"""`codesearch help`: the help of a command, or a page on a topic."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli.completion import topics
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError
from codesearch.core.suggestions import hint


def help_command(
    topic: Annotated[
        str | None,
        typer.Argument(metavar="TOPIC", help="A command or a topic.", show_default=False, autocompletion=topics),
    ] = None,
) -> int:
    """Show the help of a command, or a page on a topic; without TOPIC, list the topics.

    codesearch help query
    codesearch help filters
    """
    from codesearch.cli.topics import TOPICS

    if topic is None:
        width = max(map(len, TOPICS)) + 2
        for name, (title, _) in TOPICS.items():
            console.write(f"{name:<{width}}{title}\n")
        return FOUND
    if topic not in TOPICS:
        raise NotFoundError(
            f"there is no command or topic `{topic}`{hint(topic, TOPICS) or '.'} Topics: {', '.join(TOPICS)}"
        )
    title, text = TOPICS[topic]
    console.write(f"{title}\n\n{text}")
    return FOUND
