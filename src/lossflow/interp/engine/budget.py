"""How much work the analysis of one file may be; running into a limit is noted, never silent."""

from __future__ import annotations

MAX_STEPS = 200_000
"""Expressions evaluated for one file; `shares` divides them among its entry points."""
MAX_DEPTH = 14
"""Calls of the program's own functions within each other."""
MAX_ANNOTATED_DEPTH = 3
"""Calls within each other down to which an argument out of sight is made up from its annotation."""
MAX_RECURSION = 1
"""Times that one function may stand on the stack while it is called again."""
MAX_MODULES = 30
"""Files that imports are followed into from one file; as many again that the file itself names."""
MAX_CHARACTERS = 200_000
"""Characters of all those files together, in the same way: reading them is the dearest part of the analysis."""
MAX_CASES = 32
"""Values of choices out of sight that a file is run once more with."""
MAX_STEPS_OF_CASES = 110_000
"""Expressions evaluated for all those runs together."""
MAX_LITERALS = 4
"""Calls of a function with one literal or another, all to the same unknown end, before the next is not run."""
MAX_UNROLLED = 8
"""Rounds of a loop over named things that are run one by one."""
MAX_ROUNDS = 3
"""Rounds of a loop before what still changes is unknown."""
PYTHON_RECURSION = 12_000
"""Python's own recursion limit during the analysis: a nested expression costs several frames a level."""


class BudgetExceeded(Exception):
    """The steps of the entry point at hand are used up; it is left as far as it came."""
