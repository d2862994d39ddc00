"""What only the page Error analysis uses."""
