"""What finished trials say about a space.

- `comparable_trials`, `axis`, `ticks`, `importance`, `marginals`, `pareto`: which trials, and what
  their values show.
- `margins`, `margin_maps`, `margin_file`: trials whose detections are cut by score + margin.
- `reevaluate`, `reevaluation`: the best trials with new seeds; `analysis`, `files`: all of it.
"""
