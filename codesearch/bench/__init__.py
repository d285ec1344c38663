"""Measures the cost of codesearch on a tree and on this machine: time, memory, file size, latency.

`measure.bench` measures all of it with a temporary index; its parts can also be used alone.
"""
