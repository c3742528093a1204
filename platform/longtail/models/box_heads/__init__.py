"""Between a RoI's features and its classifier and box.

- `two_layer`: before classifier and regressor; `double_head`: convolutions before the regressor.
- `regressor`: the last layer of boxes.
"""
