"""What a program adds up over the batches for its reports."""
