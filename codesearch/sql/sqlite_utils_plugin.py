"""The plugin of sqlite-utils: its commands know the SQL functions (`sqlite-utils memory ... "select ..."`)."""

from __future__ import annotations

import sqlite3

from sqlite_utils import hookimpl

from codesearch.sql import register


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Define the SQL functions on every connection that sqlite-utils opens."""
    register(conn)
