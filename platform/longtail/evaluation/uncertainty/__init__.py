"""Whether a number or a difference means anything.

- `bootstrap`, `weighted_ap`: intervals by resampled images.
- `comparison`: two models on the same images, and the significance.
- `seeds`: one setting trained several times.
"""
