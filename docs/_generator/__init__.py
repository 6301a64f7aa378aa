"""Writes the reference from the code."""
