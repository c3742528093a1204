"""Work on nodes: when it runs, where, and what each kind does.

- `preflight`, `connection`, `start_up`: before the first node.
- `schedule`, `node_runner`: order, and what the work of each kind of node is.
- `train`, `predict`, `evaluate`, `device`: on a worker group.
"""
