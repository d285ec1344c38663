"""What is written, beside what is meant: lines that match a regular expression, and syntax that matches a pattern.

Each match has the symbol that it belongs to.
"""
