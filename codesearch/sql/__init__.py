"""SQL functions for connections of other programs, so that a query can search and compare by meaning.

>>> import apsw, codesearch.sql
>>> connection = apsw.Connection(":memory:")
>>> codesearch.sql.register(connection, tree="path/to/repo")
>>> connection.execute("SELECT path, start_line FROM codesearch_search('retry a failed upload')").fetchall()
"""

from codesearch.sql.functions import COLUMNS, is_index, opened, register

__all__ = ["COLUMNS", "is_index", "opened", "register"]
