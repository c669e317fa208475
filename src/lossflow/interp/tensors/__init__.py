"""What makes tensors, and what layers and distributions make of them."""
