"""Measures search quality on the user's own code: questions with known answers, metrics, and their intervals.

`questions` reads labelled ones, `mining` makes them from documentation and history, `running` asks them of an index of
its own, `metrics` scores, `report` puts it together, `html` draws it. numpy is imported only where it is needed.
"""

from __future__ import annotations
