"""How fast a network is, and how fast it could be."""
