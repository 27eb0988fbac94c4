"""What a plant's own corrected photos can teach and prove: how many it takes, folds, comparison."""
