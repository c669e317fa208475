"""The catalogue without torch: what a name leads to, and what a name says."""
