"""The index of an organisation in PostgreSQL with pgvector: `codesearch serve`, `push`, `query --remote`."""
