"""Acceptance specs in the log: their versions, and what was measured to judge by another one."""
