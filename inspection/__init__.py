"""Everything an inspector would talk about: defects, verdicts, the log and what comes from it."""
