"""Training scripts that are written by a grammar; torch is asked what is right about each of them."""
