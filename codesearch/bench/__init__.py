"""What codesearch costs on a tree and on this machine: seconds, memory, file size, latency.

`running.bench` measures all of it, in an index file of its own; its parts can be had alone.
"""
