"""Array-in, array-out numerical kernels."""

from skmtl._linalg.prox import block_soft_threshold, soft_threshold

__all__ = ["block_soft_threshold", "soft_threshold"]
