"""The frozen tree contains tests, which are data."""

collect_ignore = ["tree"]
