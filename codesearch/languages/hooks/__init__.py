"""Hooks: what a query cannot express of a language, one module per language. They are imported when one is needed."""
