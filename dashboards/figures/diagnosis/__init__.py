"""Why AP is what it is, of every diagnosed row; a page's row selector says which one is drawn.

- `reliability`, `score_distribution`: do scores mean what they say, and what do they tell apart?
- `confusion`, `error_types`, `ap_lost`: what objects are taken for, what goes wrong, what it costs.
- `calibration_change`, `reliability_change`: scores before and after a merge calibrated them.
- `parts`, `told`, `score_bins`, `shares`: what these have in common.
"""
