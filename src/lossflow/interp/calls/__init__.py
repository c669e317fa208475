"""Calls: what is called decides who answers."""
