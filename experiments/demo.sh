#!/bin/sh
# The main job at demo size: a grid of four variants on the synthetic set, then their predictions
# merged into one submission that is validated and compared with its sources.
set -eu
runs=${LONGTAIL_RUNS:-runs}
rows=$runs/grids/eql_2019_3
val=$runs/data/synthetic/val.json
python experiments/grid.py --table eql_2019_3 --runs "$runs"
python -m ensemble.merge \
  --pred sigmoid_r50="$rows/sigmoid_r50/predictions" \
  --pred sigmoid_rfs_r50="$rows/sigmoid_rfs_r50/predictions" \
  --pred eql_r50="$rows/eql_r50/predictions" \
  --pred eql_rfs_r50="$rows/eql_rfs_r50/predictions" \
  --ann "$val" --out "$runs/merged"
python -m ensemble.validate "$runs/merged/submission.json" --ann "$val"
