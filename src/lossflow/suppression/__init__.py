"""`# noqa` comments: read as flake8 reads them, judged where they have no use, and written."""
