"""The study of mixed pictures: `mixed_pictures.md`.

`rows` are what is trained, `__main__` runs and reports them; `law` counts what is shown, `rois`
what the classifier gets of it, `step_cost` what it costs.
"""
