"""Support vector machines for several outcomes, on product kernels over outcomes and rows."""

from skmtl.svm._svc import MultiTaskSVC
from skmtl.svm._svr import MultiTaskSVR

__all__ = ["MultiTaskSVC", "MultiTaskSVR"]
