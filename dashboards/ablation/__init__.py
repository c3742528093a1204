"""What is asked of the rows of an ablation: which is best, and which step gained it.

- `order`: the row above, and the baseline of each row.
- `row_table`, `seed_table`: the ranked rows, and means over seeds.
- `cells`: numbers with their intervals, spreads and verdicts.
- `category_intervals`: how sure the difference of each category is.
"""
