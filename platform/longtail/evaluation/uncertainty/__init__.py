"""Whether a number or a difference means anything.

- `bootstrap`, `weighted_ap`: intervals by resampled images.
- `comparison`: two models on the same images, and the significance.
- `category_differences`: how sure the difference of each category is.
- `seeds`: one setting trained several times.
"""
