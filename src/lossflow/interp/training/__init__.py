"""What trains: losses, optimizers, schedulers, and the calls that take a loss to an update."""
