"""The review queue: what waits for a person and in which order, who holds what, and what the
random sample of OKs says about misses."""
