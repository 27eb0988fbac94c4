"""Parts of the Control charts page."""
