"""What lessons are made of: their texts and numbers, what is shipped of them, what they ask the model, paper."""
