"""The review queue in the log: which photos wait for a person, and who holds which of them."""
