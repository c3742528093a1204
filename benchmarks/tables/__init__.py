"""What the tables of the reports cost at full scale, counted as a dry run counts it.

- `paces`: how fast each network is taken to be.
- `costs`: hours, trainings and bytes of every table; `__main__`: the table of docs/tables.md.
"""
