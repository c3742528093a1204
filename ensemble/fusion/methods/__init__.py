"""The fusion methods: one file each, and its value here.

- `method`: what all of them are; a value of `FusionMethod`.
- `nms`, `soft_nms`, `nms_then_soft_nms`, `wbf`: the methods.

Options, defaults, checks, searches and texts of the commands go by these values, so that another
method is a file and a line below.
"""

from ensemble.fusion.methods.method import FusionMethod
from ensemble.fusion.methods.nms import NMS
from ensemble.fusion.methods.nms_then_soft_nms import NMS_THEN_SOFT_NMS
from ensemble.fusion.methods.soft_nms import SOFT_NMS
from ensemble.fusion.methods.wbf import WBF

METHODS: dict[str, FusionMethod] = {
    method.name: method for method in (NMS, SOFT_NMS, WBF, NMS_THEN_SOFT_NMS)
}
"""The methods by name, in the order of the help texts."""
