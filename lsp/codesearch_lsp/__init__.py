"""The language server: `codesearch lsp`. Thin over the library; docs/lsp.md is its contract.

Importing this package costs nothing; `boot.main` answers `initialize` before pygls is imported.
"""
