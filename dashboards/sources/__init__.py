"""What is shown: results that commands left behind, each kind read by one reader.

- `found`: what readers return, whatever they read: rows, trainings, facts, what is missing.
- `grid`, `results`, `merge`, `sweep`, `tuning`, `experiment`: a reader each.
- `open`: which reader a path belongs to; `shapes`: what the files must hold.
"""
