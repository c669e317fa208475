"""The commands of the command line: what they take, what they read and write, and what they tell."""
