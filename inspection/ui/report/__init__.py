"""Parts of the Shift report page."""
