"""Sections of what was searched: sweeps of trainings, and tunings of merges.

- `searches`: the sweeps and tunings of a report, and their names on a page.
- `best`, `tuned`: what was tried and what is best, with `sweep_tables` and `tuning_tables`.
- `values`, `trade_off`, `margins`, `on_the_way`: a question each, of both kinds where they have it.
"""
