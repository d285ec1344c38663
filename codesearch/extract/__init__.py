"""From the source of one file to its symbols and their indexed text. Pure: reads no files, keeps no state.

Imports nothing itself, since every query compares INDEXED_FORM, and most queries extract nothing.
"""

INDEXED_FORM = 17
"""Raise it when the indexed form of the same source changes: every index is then rebuilt on its next update.

tests/golden/test_form.py fails if the form of the golden trees changes and the number does not.
"""
