"""Work on nodes: when it runs, where, and what each kind does.

- `preflight`, `connection`, `start_up`: before the first node.
- `take_results`: finished results become rows, before anything is trained and without a cluster.
- `schedule`, `node_runner`: order, and what the work of each kind of node is.
- `train`, `predict`, `evaluate`, `device`: on a worker group.
- `merge`: on a worker group, or where results are taken.
"""
