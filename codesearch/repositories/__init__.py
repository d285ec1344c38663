"""Several repositories at once: their names and groups, clones of them, and one ranked answer from all of them."""
