"""The server on standard input and output."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from lossflow.server.features import register
from lossflow.server.language_server import Server


def serve() -> NoReturn:
    """Serve one editor until it leaves, and end the process.

    Standard output is the protocol's, so that what is printed goes to the errors.
    """
    server = Server()
    register(server)
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server.start_io(sys.stdin.buffer, output)
    # Python would wait for the analysis that is under way, and an editor that is being closed for the server.
    sys.stderr.flush()
    os._exit(0)
