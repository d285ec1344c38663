"""Answers sized in tokens, for a model that reads them: excerpts of symbols, outlines, and the tools of agents."""
