"""Combining the predictions of many models and scales into one submission."""
