"""Barcodes in photos."""
