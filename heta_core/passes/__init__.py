"""The only code that runs the model for attribution."""
