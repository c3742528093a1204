"""Figures of a search: of a sweep's trials, and of the merges that a tuning tried.

- `looks`, `places`: what a trial's state looks like; searched values on an axis.
- `parallel`, `importance`, `marginals`, `heat_map`: what the searched values do to a metric.
- `curves`, `pareto`, `margin_map`: trials on their way, between metrics, and over margins.
"""
