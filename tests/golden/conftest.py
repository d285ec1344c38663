"""The frozen tree holds tests of its own, which are data."""

collect_ignore = ["tree"]
