"""Does a map tell the truth about the model? Curves, a scrambled copy, and how sure its highest places are."""
