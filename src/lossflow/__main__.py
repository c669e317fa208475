"""`python -m lossflow`."""

import sys

from lossflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
