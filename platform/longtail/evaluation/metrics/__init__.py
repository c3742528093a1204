"""Metrics out of matched detections.

- `ranking`, `sorting`, `cap`, `curves`, `summary`: LVIS's own; `lvis_api`: the official evaluator.
- `fixed`, `pooled`, `bins`, `boundary`, `headroom`, `proposal_recall`: what goes beyond them.
- `matched_set`, `match_table`, `rescorer` with their files: a matching that is kept for more
  numbers.
"""
