"""What defects cost and what the inspection saves."""
