"""The model in use learns from corrected photos: in a process of its own, never live by itself."""
