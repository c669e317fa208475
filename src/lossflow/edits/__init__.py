"""Changes of Python source as text edits, which leave every other character as it was."""
