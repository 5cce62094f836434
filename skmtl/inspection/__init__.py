"""What a table is like before anything is fitted to it: missing outcomes as a risk."""

from __future__ import annotations

from skmtl.inspection._missingness import missingness_report
from skmtl.inspection._missingness_result import MissingnessReport

__all__ = ["MissingnessReport", "missingness_report"]
