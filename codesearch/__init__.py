"""Find code by meaning: local, offline semantic search for functions, methods and types."""

__version__ = "0.1.0"
