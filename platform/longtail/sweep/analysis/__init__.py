"""What finished trials say about a space.

- `compared`, `axis`, `importance`, `marginals`, `pareto`: which trials, and what their values show.
- `margins`, `margin_maps`, `margin_file`: trials whose detections are cut by score + margin.
- `confirm`, `confirmation`: the best trials with fresh seeds; `analysis`, `files`: all of it.
"""
