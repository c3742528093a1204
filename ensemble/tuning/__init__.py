"""A search over merges: what is tuned on one half of a data set is reported on the other.

- `request`, `split`, `prepare`, `journal`, `job`: what is asked for, and what a rerun goes on from.
- `search`, `sampler`: Ray Tune and Optuna over `objective`.
- `held_out`, `pareto`, `pareto_files`, `report`, `console`, `tracking`: what it found.
"""
