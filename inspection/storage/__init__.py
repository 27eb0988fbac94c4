"""The log and the photo files: the only place that speaks SQL."""
