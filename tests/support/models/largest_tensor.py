"""How much memory a computation asks for at once."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class LargestTensor(TorchDispatchMode):
    """Keeps the number of elements of the largest tensor that any operation makes.

    Gradients count too, where the backward pass runs inside of it.
    """

    elements = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        made = result if isinstance(result, tuple | list) else (result,)
        sizes = [tensor.numel() for tensor in made if isinstance(tensor, Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return result
