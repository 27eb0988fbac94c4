"""Decoding and inference in a process of their own, with limits, restarted when it dies."""
