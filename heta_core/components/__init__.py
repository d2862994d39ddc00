"""The components of the score, one equation each."""
