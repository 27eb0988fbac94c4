"""Signed shift reports: their counts, the notes beside them, what a signature seals."""
