"""Request and tables of `sweep.py`.

- `request`, `named_space`, `space_tables`: what is searched, and the spaces by name.
- `estimate`: what a dry run prints; `tables`, `results`, `next_steps`: what a finished sweep
  leaves.
- `run_tune`: the spaces over finished predictions, handed over to `ensemble.tune`.
"""
