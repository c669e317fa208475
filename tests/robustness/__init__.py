"""Whatever a file holds, lossflow neither breaks down on it nor leaves it broken."""
