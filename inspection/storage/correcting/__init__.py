"""Corrections of the machine's regions: their table, writing and reading them."""
