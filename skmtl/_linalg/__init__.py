"""Array-in, array-out numerical kernels."""

from skmtl._linalg._cg import CG_TOLERANCE
from skmtl._linalg._dual import dual_norm_of_rows
from skmtl._linalg._fused import total_variation_prox
from skmtl._linalg._secular import norm_plus_quadratic
from skmtl._linalg.prox import block_soft_threshold, cap_rows, soft_threshold
from skmtl._linalg.singular import scale_singular_values, singular_values, threshold_singular_values

__all__ = [
    "CG_TOLERANCE",
    "block_soft_threshold",
    "cap_rows",
    "dual_norm_of_rows",
    "norm_plus_quadratic",
    "scale_singular_values",
    "singular_values",
    "soft_threshold",
    "threshold_singular_values",
    "total_variation_prox",
]
