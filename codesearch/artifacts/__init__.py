"""Indexes that travel: made once in CI, taken by any checkout of the same repository, merged, compared."""
