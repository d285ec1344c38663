"""Values, errors and helpers that all other packages may import; it imports none of them."""
