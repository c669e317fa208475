"""What lossflow knows of other packages: `Catalog` looks a dotted name up."""
