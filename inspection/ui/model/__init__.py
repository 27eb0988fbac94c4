"""Parts of the Model page."""
