"""What a person sees in the terminal: colours, answers, progress, reports."""
