"""The options of `codesearch model add` for a model of a service.

Annotations are not strings, as in `codesearch.cli.options`.
"""

from typing import Annotated, NamedTuple

import typer

from codesearch.cli.ui import console


class ApiOptions(NamedTuple):
    """A model over an API."""

    api: Annotated[
        str | None,
        typer.Option(
            "--api",
            metavar="URL",
            help="Add a model of a service with OpenAI's embeddings API at this URL.",
            show_default=False,
        ),
    ] = None
    api_model: Annotated[
        str,
        typer.Option("--api-model", metavar="NAME", help="Its name at the service, if different.", show_default=False),
    ] = ""
    key_env: Annotated[
        str,
        typer.Option("--key-env", metavar="VARIABLE", help="Variable that holds the key.", show_default=False),
    ] = ""
    key_header: Annotated[str, typer.Option("--key-header", metavar="NAME", help="HTTP header for the key.")] = (
        "Authorization"
    )
    dimensions: Annotated[
        int,
        typer.Option("--dimensions", min=0, metavar="N", help="Ask for shortened vectors.", show_default=False),
    ] = 0
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, max=2048, metavar="N", help="Texts per request.")
    ] = 64
    requests_per_minute: Annotated[
        int,
        typer.Option("--requests-per-minute", min=0, metavar="N", help="Limit on requests.", show_default=False),
    ] = 0
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, max=600, metavar="SECONDS", help="Time limit of a question."),
    ] = 5.0

    def add(self, name: str, query_prompt: str, document_prompt: str) -> int:
        """Add the model; return the exit status."""
        from codesearch.embed.api import Entry
        from codesearch.embed.manage import api

        wanted = Entry(
            name=name,
            url=self.api or "",
            model=self.api_model or name,
            dims=self.dimensions,
            key_env=self.key_env,
            key_header=self.key_header,
            dimensions=self.dimensions,
            batch=self.batch_size,
            requests_per_minute=self.requests_per_minute,
            wait=self.timeout,
            query_prompt=query_prompt,
            document_prompt=document_prompt,
        )
        entry = api.add(wanted)
        console.write(f"{entry.name}: {entry.dims} dims, {entry.model} at {entry.url}\n")
        console.message(f"one text was sent there: {api.PROBE!r}; no code is sent until you allow it")
        console.write(f"To allow it for a folder: codesearch model allow {entry.name} PATH\n")
        console.write(f"To use it: codesearch model use {entry.name}\n")
        return 0
