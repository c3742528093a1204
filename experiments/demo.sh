#!/bin/sh
# The main job at demo size: one representation of the synthetic set, trained on two cores, and three
# classifiers over it in one pass; then the predictions of all four rows merged into one submission
# that is validated and compared with its sources.
set -eu
runs=${LONGTAIL_RUNS:-runs}
rows=$runs/grids/heads
val=$runs/data/synthetic/val.json
workers=$(python -c 'import os; print(min(2, os.cpu_count() or 1))')
python experiments/grid.py --table heads --workers "$workers" --runs "$runs" \
  --set stages.0.schedule.iterations=120
python -m ensemble.merge \
  --pred representation="$rows/sigmoid_rfs_r50/predictions" \
  --pred eql_head="$rows/eql_head_r50/predictions" \
  --pred seesaw_head="$rows/seesaw_head_r50/predictions" \
  --pred bags_head="$rows/bags_head_r50/predictions" \
  --ann "$val" --out "$runs/merged"
python -m ensemble.validate "$runs/merged/submission.json" --ann "$val"
