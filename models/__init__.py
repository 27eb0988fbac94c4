"""Networks, data sets, training, conversion and the served segmenter."""
