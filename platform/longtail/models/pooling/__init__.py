"""Features of RoIs: `pyramid` by RoIAlign, `deformable` with bins that move."""
