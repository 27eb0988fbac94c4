"""Ignore regions: saved as versions, and held against each photo of their station."""
