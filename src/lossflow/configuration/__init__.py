"""What the user decides: the keys, the files that they stand in, and the frozen `Config` that a run goes by."""
