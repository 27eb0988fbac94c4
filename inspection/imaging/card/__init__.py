"""The calibration card: what is printed, and how it is found in a photo."""
