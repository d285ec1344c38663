"""HCL: blocks and their labels."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

# HCL

_LABEL = re.compile(rb"\s*(?:\"((?:[^\"\\\n]|\\.)*)\"|([\w-]+))")


_DESCRIBED = ("variable", "output")
_SAID = re.compile(rb'^[ \t]*description[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)+)"', re.MULTILINE)
"""What a variable or an output says of itself."""
_HCL_SCOPES = {"data": "data", "variable": "var", "module": "module", "output": "output", "provider": "provider"}


def hcl(scan: Scan) -> list[Definition]:
    """Name each block as expressions refer to it: `aws_s3_bucket.logs`, `data.aws_ami.ubuntu`, `var.region`."""
    for definition in scan.definitions:
        block_type = definition.name
        at = definition.name_start + len(block_type.encode())
        labels = []
        while found := _LABEL.match(scan.source, at, definition.end):
            labels.append((found[1] if found[1] is not None else found[2]).decode("utf-8", "replace"))
            at = found.end()
        brace = scan.source.find(b"{", at, definition.end)
        definition.body = brace if brace >= 0 else -1
        if block_type == "module":
            definition.kind = "module"
        if said := _SAID.search(scan.source, max(brace, 0), definition.end) if block_type in _DESCRIBED else None:
            definition.documentation = said[1].decode("utf-8", "replace")
        if labels:
            definition.name = ".".join(labels)
            definition.scope = "" if block_type == "resource" else _HCL_SCOPES.get(block_type, block_type)
    return scan.definitions
