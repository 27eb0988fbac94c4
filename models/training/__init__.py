"""From a run to a released model: training, conversion, int8, release, foreign networks."""
