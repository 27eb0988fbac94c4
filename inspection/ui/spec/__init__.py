"""The parts of the Spec page."""
