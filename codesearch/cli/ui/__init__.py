"""Output to the terminal: colours, results, progress, reports."""
