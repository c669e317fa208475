"""How exact what torch measures is, and the choices of which it shows less than others."""

from __future__ import annotations

EXACT = 1e-8
"""How far the exponent of a gradient may be from the true one."""
NEARLY = 0.05
"""The same of an update by an adaptive optimizer, and of gradients that add up."""

DIVIDED = ("divided", "divided in place", "multiplied", "assigned", "multiplied in place")
"""What divides the gradients by the batch size."""
PLAIN = ("none", "nothing", "nothing at all", "half", "over a constant", "weight")
"""What leaves a loss as it is, but for a constant."""
