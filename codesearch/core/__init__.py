"""Values, errors and helpers that everything else may import; imports nothing of ours."""
