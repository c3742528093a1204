"""Training, evaluating and combining long-tail instance-segmentation models."""
