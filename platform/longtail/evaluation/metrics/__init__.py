"""Metrics out of matched detections.

- `ranking`, `sorting`, `cap`, `curves`, `summary`: LVIS's own; `lvis_api`: the official evaluator.
- `fixed`, `bins`: what every evaluation has beyond them.
- `extra_metric`: what one asks for: `pooled`, `boundary`, `oracle_labels`, `proposal_recall`.
- `matches`, `rescorer` with its files: a matching that is kept for more numbers.
"""
