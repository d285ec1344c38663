"""Adapts the ranking to one tree: learns from questions mined from it, and keeps that only if held-out ones improve."""
