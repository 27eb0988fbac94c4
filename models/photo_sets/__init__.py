"""Labelled photos: how they are read, split, reviewed, and given pasted marks."""
