"""From the source of one file to its symbols and what is searched of them. Pure: reads no files, keeps nothing.

Imports nothing itself: every query needs `documents`, and most queries extract nothing.
"""
