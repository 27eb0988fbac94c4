"""The inspection log as people read it: exports, neighbours, periods, corrections."""
