"""What the command lines of `grid.py` and `sweep.py` ask for and print.

- `run_options`, `run_request`: what all commands on Ray have in common.
- `catalogue`, `variant_files`, `field_list`: variants and configuration fields by name.
- `grid`, `sweep`: requests and tables of each command; `next_steps`: what to type afterwards.
"""
