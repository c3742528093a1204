"""Loss functions on plain tensors, one file a loss."""
