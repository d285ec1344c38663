"""Measures the cost of codesearch on a tree and on this machine: time, memory, file size, latency.

`running.bench` measures all of it, in an index file of its own; its parts can be had alone.
"""
