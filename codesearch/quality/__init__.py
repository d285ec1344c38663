"""Measuring search on somebody's own code: questions with known answers, what was found, and how sure the figures are.

`questions` reads labelled ones, `mining` makes them from documentation and history, `running` asks them of an index of
its own, `metrics` scores, `report` puts it together, `html` draws it. numpy is imported only where it is needed.
"""

from __future__ import annotations
