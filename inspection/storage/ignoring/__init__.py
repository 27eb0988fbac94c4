"""Ignore regions in the log: their versions, and what they were on each photo."""
