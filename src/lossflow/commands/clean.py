"""`lossflow clean`: the cache of a project is removed, and nothing else."""

from __future__ import annotations

from argparse import Namespace

from lossflow.caching import folder
from lossflow.commands import inputs
from lossflow.commands.reporting import CLEAN
from lossflow.rendering.places import shown


def run(options: Namespace) -> int:
    """Remove the cache of the current project, or the one that is named; the result is the exit status."""
    where = inputs.cache_folder(options, inputs.configs(options))
    print(f"Removed the cache in {shown(str(where))}." if folder.clean(where) else "There is no cache to remove.")
    return CLEAN
