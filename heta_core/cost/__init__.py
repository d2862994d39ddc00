"""What a run costs, known before it starts: passes, operations, seconds and memory."""
