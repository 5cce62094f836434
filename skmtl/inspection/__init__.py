"""Seen before and after a fit: missing outcomes as a risk, and displays of models, comparisons and predictions."""

from __future__ import annotations

from skmtl._plotting._calibration import TaskCalibrationDisplay
from skmtl._plotting._coefficients import CoefficientDisplay
from skmtl._plotting._convergence import ConvergenceDisplay
from skmtl._plotting._decision import DecisionCurveDisplay
from skmtl._plotting._gains import GainDisplay
from skmtl._plotting._gaussian_process import GaussianProcessDisplay
from skmtl._plotting._path import RegularizationPathDisplay
from skmtl._plotting._scores import TaskScoreDisplay
from skmtl._plotting._task_relation import TaskRelationDisplay
from skmtl.inspection._missingness import missingness_report
from skmtl.inspection._missingness_display import MissingnessDisplay
from skmtl.inspection._missingness_result import MissingnessReport

__all__ = [
    "CoefficientDisplay",
    "ConvergenceDisplay",
    "DecisionCurveDisplay",
    "GainDisplay",
    "GaussianProcessDisplay",
    "MissingnessDisplay",
    "MissingnessReport",
    "RegularizationPathDisplay",
    "TaskCalibrationDisplay",
    "TaskRelationDisplay",
    "TaskScoreDisplay",
    "missingness_report",
]
