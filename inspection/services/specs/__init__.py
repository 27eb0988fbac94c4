"""Acceptance specs: their versions, which one is in force, what another one would change."""
