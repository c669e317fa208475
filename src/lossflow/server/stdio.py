"""The server on standard input and output."""

from __future__ import annotations

import os
import sys

from lossflow.server.features import register
from lossflow.server.language_server import Server


def serve() -> None:
    """Serve one editor until it leaves. Standard output is the protocol's, so what is printed goes to the errors."""
    server = Server()
    register(server)
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server.start_io(sys.stdin.buffer, output)
    server.schedule.stop()
