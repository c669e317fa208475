"""The names that Python itself defines."""

from __future__ import annotations

import builtins

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
CONSTANTS = {
    "True": True,
    "False": False,
    "None": None,
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "__debug__": True,
}
