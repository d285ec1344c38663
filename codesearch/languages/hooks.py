"""What a query cannot say: code for single languages, named by their registry entries.

`split_name` hooks take a name's text to (scope, name); `after` hooks replace the definitions of a scan.
"""

from __future__ import annotations
