"""The interpreter: runs a program on abstract values and records what it does to its losses."""

from lossflow.interp.module import interpret

__all__ = ["interpret"]
