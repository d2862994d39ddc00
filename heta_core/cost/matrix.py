"""What a device can do: a product of two matrices that are large enough for nothing but the arithmetic to count."""

from dataclasses import dataclass

import torch

# Large enough for that, small enough to be a blink on its device.
_SIDE = {"cpu": 1024, "cuda": 8192}


@dataclass(frozen=True, slots=True, eq=False)
class MatrixProduct:
    """A product of two square matrices, the measure of what the device can do."""

    left: torch.Tensor  # (n, n)
    right: torch.Tensor  # (n, n)

    def __call__(self) -> None:
        """Multiply once."""
        self.left @ self.right

    @property
    def flops(self) -> int:
        """Of one call."""
        return 2 * len(self.left) ** 3


def matrix_product(device: torch.device, dtype: torch.dtype) -> MatrixProduct:
    """A product in a model's precision on its device."""
    side = _SIDE.get(device.type, _SIDE["cpu"])
    left, right = torch.ones(2, side, side, device=device, dtype=dtype)
    return MatrixProduct(left, right)
