"""The page that shows what a sweep found: offline HTML with pictures in it."""
