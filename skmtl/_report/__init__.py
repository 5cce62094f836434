"""One page that says what a comparison found; what stands on it comes from a `Comparison`, which it does not import."""

from skmtl._report._comparison import comparison_page

__all__ = ["comparison_page"]
