"""What only Learn uses."""
