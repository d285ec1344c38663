"""Keeps an index equal to its tree: plan what changed, read it in worker processes, write it in batches."""
