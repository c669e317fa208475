"""The machine: what the interpretation of one file carries along, and how much work it may be."""
