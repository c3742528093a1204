"""Entry points of the platform, and the variants that reproduce the reports."""
