"""The model on the line: its card, its figures in words, the desk that switches it."""
