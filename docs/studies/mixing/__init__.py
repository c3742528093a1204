"""The study of mixed pictures: `mixed_pictures.md`.

`rows` are what is trained, `__main__` runs and reports them; `law` counts what is shown,
`step_cost` what it costs.
"""
