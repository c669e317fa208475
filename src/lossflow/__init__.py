"""A static checker for PyTorch training code: it follows every loss from its reduction to the update."""

__version__ = "0.1.0"
