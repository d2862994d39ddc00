"""Many examples, methods and metrics in one run."""
