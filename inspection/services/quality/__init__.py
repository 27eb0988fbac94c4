"""What the log says over time: trends, control charts and their signals, repeated defects."""
