"""The benchmark: the engine against the loop that a textbook would write, in one run on one machine."""
