"""MLflow's own page, opened at what a grid or a search is about.

- `charts`, `view`: a saved view in the form in which MLflow keeps one.
- `chosen`: which views an experiment gets; `links`: addresses that open them.
- `notes`: descriptions with the links and the ranked rows.
- `write`: all of it, brought to MLflow.
"""
