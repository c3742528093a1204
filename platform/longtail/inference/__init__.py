"""From a trained checkpoint to a store of predictions."""
