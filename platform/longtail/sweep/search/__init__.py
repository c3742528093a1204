"""Ray Tune's side of a sweep.

- `tuner`, `trainable`, `rung_requests`: trials that ask the driver for one rung after the other.
- `sampler`, `initial_points`, `distributions`: which points are tried.
- `early_stopping`: which trials stop.
"""
