"""What else finds defects, on the same photos by the same rule."""
