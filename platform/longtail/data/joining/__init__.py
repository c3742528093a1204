"""Annotation files besides the training file: their images, or their boxes, are learned from too.

- `also_file`: a file as the command line names it; `matched`: its categories and its images among
  those of the training file.
- `images`: files whose images are learned from; `ignore_boxes`: files whose boxes are ignored,
  which are `ignored` in a picture.
- `other_data`: all that a stage learns from besides; `check`: what is wrong with it, and what is
  left out.
"""
