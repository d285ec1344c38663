"""Importing, exporting and timing models; needs the extra `models` except for timing."""
