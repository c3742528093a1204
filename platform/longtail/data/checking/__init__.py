"""The check of one annotation file: all that is wrong with it, and what it is fit for.

- `check_file`: everything in one run; `judging`, `summary`: what the file says, in numbers.
- `report`: the outcome, also as JSON; `page`: printed.
"""
