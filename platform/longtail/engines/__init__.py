"""Engines turn images into features and proposals; the RoI heads above them are shared."""
