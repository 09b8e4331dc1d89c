"""What is served for the bench alone."""
