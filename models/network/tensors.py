"""What Keras computes with. It carries no types: a tensor is whatever its backend makes of it."""

from typing import Any

Tensor = Any
