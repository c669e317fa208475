"""Python's objects: classes, functions, containers and modules of the program, and the names that hold them."""
