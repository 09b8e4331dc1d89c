"""The composition root: the only place that knows every adapter. One module for each set of imports."""
