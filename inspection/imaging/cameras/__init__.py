"""Cameras that stand somewhere for good: their streams, and what they see in the same place."""
