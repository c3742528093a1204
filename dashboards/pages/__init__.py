"""Sections as one HTML file that needs no network.

- `vega`: charts compiled for the browser, and the library that draws them, kept in a cache.
- `templates`: HTML with places to fill, which escapes what is put there.
- `document`: the file: template, style, script, data, and the policy that lets nothing else run.
- `report`: which sections a report has.
"""
