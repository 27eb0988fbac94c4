"""Photos that have come and are not inspected yet: what each says of itself, and what is open."""
