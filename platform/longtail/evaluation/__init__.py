"""LVIS evaluation of predictions."""
