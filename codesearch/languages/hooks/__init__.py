"""Hooks: code for what a query cannot express, one module per language, imported when needed."""
