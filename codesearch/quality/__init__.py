"""Measures search quality on the user's own code: questions with known answers, metrics, and their intervals.

`questions` reads labelled questions, `mining` makes them from documentation and history, `ask` runs them against a
temporary index, `metrics` computes the scores, `report` combines them, and `html` renders the report. numpy is imported
only where it is needed.
"""

from __future__ import annotations
