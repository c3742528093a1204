"""The MLflow side, the only place that imports MLflow.

`address`: where MLflow is, and texts without its credentials. `store`: the SQLite file, made whole.
`tracker`: one parent run per grid, one child per node, found by tag for ever. `parent_run`: a
parent that brings its children up to date.
"""
