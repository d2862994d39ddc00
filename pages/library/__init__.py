"""What only the page Library uses."""
