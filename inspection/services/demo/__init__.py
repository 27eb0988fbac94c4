"""The demo line: rendered photos and a month of inspections to look at."""
