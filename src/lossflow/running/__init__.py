"""A run over many files: what is known is not looked up again, and what is dear is shared among processes."""
