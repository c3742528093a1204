"""What is kept of an evaluation, the same for a row of a grid, a result file and a merge.

- `names`, `files`: the files beside a row, which are the artifacts of its run in MLflow.
- `metrics`: its numbers by the names that MLflow knows.
- `run`: a run of its own for the result of any program.
"""
