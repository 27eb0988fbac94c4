"""Parts of the Body map page."""
