"""The study of thin objects: `thin_objects.md`.

`painting` makes the data, `trunk` what all rows start from, `rows` are what is trained, `__main__`
runs and reports them; `ceiling` and `given_boxes` say why, `step_cost` what rows cost.
"""
