"""The search platform: what `longtail.sweep`, which trains its trials, and `ensemble.tuning`, which
merges, have in common.

- `journal`, `request_file`: what an interrupted search goes on from.
- `sampler`, `tuner`: Optuna and Ray Tune.
- `pareto`: which trials no other one dominates.
"""

import os

# Read by Ray when it is imported: no frames around its own messages.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
