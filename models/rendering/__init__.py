"""Rendered panels: paint, light and defects whose truth is known to the pixel."""
