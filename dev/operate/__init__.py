"""What an operator does from a clone: preflight, deploy, destroy, restore, and setting an account up. By make alone."""
