"""What paint inspection is about, in the standard library and numpy alone."""
