"""A student's lines -> Report: reading names, equality, following errors through; facts, no sentences."""
