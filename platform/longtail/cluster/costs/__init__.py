"""What a plan costs before it is run.

- `work`: the images that a node goes through, and what its pace depends on.
- `finished`: what the finished nodes of a runs folder tell of pace, memory and files.
- `paces`: how fast a node will go, as stated or as measured.
- `sizes`: the bytes that nodes leave; `rows`: hours, bytes and memory of each row of a table;
  `estimate`: all of it for a dry run.
"""
