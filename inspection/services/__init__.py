"""The order of work: floor 3 joins imaging, storage and models."""
