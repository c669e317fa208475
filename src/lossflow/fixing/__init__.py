"""From the fixes that rules offer to files that are written: in rounds, over all files of a run, and safely."""
