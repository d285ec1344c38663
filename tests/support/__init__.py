"""Helpers for all tests: waiting, git, a private home folder, trees, the command, models."""
