"""Enters the server for coding agents into their configuration, and takes it out again."""
