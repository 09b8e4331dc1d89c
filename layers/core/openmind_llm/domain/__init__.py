"""What the product is, without I/O."""
