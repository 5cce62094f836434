"""Gaussian-process regression of several outcomes that learns how they are correlated."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import Kernel
from sklearn.utils import Tags, check_random_state

from skmtl._params import BOOLEAN, NONE, POSITIVE_INT, Constraint, Interval, IsCallable, OneOf, check_parameters
from skmtl.data import TaskData
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process._answers import GPAnswers, dense
from skmtl.gaussian_process._covariance import Covariance
from skmtl.gaussian_process._kronecker import KroneckerInference
from skmtl.gaussian_process._nested import maximise_nested
from skmtl.gaussian_process._new_task import GPNewTask
from skmtl.gaussian_process._optimize import Maximum, maximise, random_start
from skmtl.gaussian_process._prepare import (
    Standard,
    covariance_of,
    entries_of,
    inference_of,
    kernels_of,
    known_variance,
    noise_of,
    ranks_of,
    standard_of,
    task_features_of,
    units_of,
)


class MultiTaskGPRegressor(GPNewTask, GPAnswers, BaseEstimator):
    r"""Gaussian-process regression with a learned covariance between outcomes.

    Outcome t at the features x is :math:`y = f_t(x) + \varepsilon` with noise
    :math:`\varepsilon \sim N(0, \sigma_t^2)` and latent functions of mean zero and covariance

    .. math:: \mathrm{cov}(f_s(x), f_t(z)) = \sum_q B_q[s, t] \, k_q(x, z), \qquad B_q = L_q L_q' + \mathrm{diag}(v_q),

    the intrinsic coregionalisation model for one kernel [1]_, the linear model of coregionalisation for a list of them
    [2]_. Kernel, task covariance and noise maximise the log marginal likelihood of the observed entries,

    .. math:: \log p(y) = -\tfrac12 y' A^{-1} y - \tfrac12 \log |A| - \tfrac N2 \log 2\pi, \qquad
              A_{ij} = \sum_q B_q[t_i, t_j] \, k_q(x_i, x_j) + \delta_{ij} \sigma_{t_i}^2 .

    An outcome learns from the others where they were measured and it was not. On complete outcomes with noise
    proportional to B nothing is transferred, whatever B is [1]_; what is won there is the kernel, learned together.

    Parameters
    ----------
    kernel : kernel of sklearn.gaussian_process.kernels, a list of them, or None, default None
        Covariance between rows. None for an RBF kernel with a length scale per feature, which starts at the feature's
        standard deviation times the root of the number of features. A list adds one term for each kernel. A constant
        that multiplies a whole kernel is fixed at its value: B has the scale.
    rank : int or list of int, default 1
        Columns of L, for each kernel; 0 makes the outcomes independent but for the kernel. Without effect where
        ``task_features`` are given.
    noise : {"per_task", "shared"}, float or array-like of shape (T,), default "per_task"
        Noise variances: learned for each outcome, learned for all, or fixed, in squared units of y.
    inference : {"auto", "kronecker", "dense", "inducing"}, default "auto"
        "kronecker", exact, O(n³ + T³): complete outcomes on shared rows, one kernel, no ``noise_variance``. "dense",
        exact, O(N³) for N observed entries. "inducing", a lower bound of the likelihood from inducing points [3]_.
        "auto" takes the first that applies, dense up to 5000 entries and inducing points up to 100 000.
    n_inducing : int, default 100
        Inducing points, each observed by every outcome; more are closer to exact, at cubic cost.
    task_features : array-like of shape (T, d) or frame with the task names as its index, default None
        Descriptions of the outcomes (size of a site, dose of an assay). B is then
        :math:`s \, k_T(z_s, z_t) + \mathrm{diag}(v)`, and `predict_new_task` answers for a task that was not there.
    task_kernel : kernel of sklearn.gaussian_process.kernels or None, default None
        Of the descriptions; None for RBF as for ``kernel``. Only with ``task_features``.
    normalize_y : bool, default True
        Take the mean out of each outcome and divide by its standard deviation, for the fit; predictions are in the
        units of y. Rows of tasks hold one outcome and have one mean and one deviation. An outcome of one entry, or a
        constant one, takes the deviation of the others, and its variances are kept from zero. With False the functions
        have mean zero in the units of y.
    optimizer : "fmin_l_bfgs_b", callable or None, default "fmin_l_bfgs_b"
        As scikit-learn's; None keeps the start values: the kernel as given, half of what the outcomes have in common
        in L, and a quarter of their variance (of one, with ``normalize_y=False``) for v and for the noise.
    n_restarts_optimizer : int, default 0
        Further starts, drawn about the first; the best is kept. On data drawn from the model the first alone ends
        within 0.5 of the best log likelihood nine times in ten. Elsewhere it may not, but a larger likelihood of many
        parameters was not seen to predict better.
    random_state : int, RandomState or None, default None
        Of the starts and of the inducing points.

    Attributes
    ----------
    kernel_ : kernel, or list of kernels
    task_covariance_ : ndarray of shape (T, T)
        B, summed over the kernels, in units of y.
    task_covariances_ : list of ndarrays of shape (T, T)
        B_q of each kernel, in units of y.
    task_correlation_ : ndarray of shape (T, T)
    noise_ : ndarray of shape (T,)
        Noise variances in squared units of y.
    log_marginal_likelihood_value_ : float
        Of the standardised outcomes; a lower bound of it for ``inference_ == "inducing"``.
    restarts_ : ndarray of shape (n_restarts_optimizer + 1,)
        The value that each start reached.
    inference_ : {"kronecker", "dense", "inducing"}
    theta_ : ndarray
        Free parameters as `log_marginal_likelihood` takes them: for each kernel its ``theta``, then L row by row (over
        the outcome's deviation and the kernel's, which are one for standardised outcomes and a stationary kernel) and
        log v; then the log noise variances, and the inducing points where they move.
    jitter_ : float
        Added to the diagonal of the covariance of the entries, zero unless its factorisation failed without.
    task_names_, n_tasks_, data_form_, n_features_in_, feature_names_in_

    See Also
    --------
    MultiTaskGPClassifier : Two classes per outcome.
    MultiTaskGeneralizedGP : Counts, and outcomes of several types.

    Notes
    -----
    L is identified up to rotation and sign: compare B. The likelihood has several maxima; ``restarts_`` shows them.

    Complete outcomes take two eigen-decompositions [4]_ whose eigenvalues are clipped at zero, and no jitter. Otherwise
    one Cholesky factorisation is made, and only where it fails 1e-10, 1e-8 or 1e-6 of the mean variance is added to the
    diagonal, with a warning.

    Not for more than a few thousand rows, and not for many features without structure: a kernel method has no answer
    there that a linear model (`skmtl.linear_model`) does not give in a thousandth of the time. Standardise features
    for kernels with one length scale.

    References
    ----------
    .. [1] Bonilla, Chai and Williams. Multi-task Gaussian process prediction. NIPS 2007.
    .. [2] Álvarez, Rosasco and Lawrence. Kernels for vector-valued functions: a review. Found. Trends Mach. Learn.
       4:195-266, 2012.
    .. [3] Titsias. Variational learning of inducing variables in sparse Gaussian processes. AISTATS 2009.
    .. [4] Stegle, Lippert, Mooij, Lawrence and Borgwardt. Efficient inference in matrix-variate Gaussian models with
       iid observation noise. NIPS 2011.

    Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, for the likelihood and its
    gradient.

    Examples
    --------
    Two outcomes that move together, the second measured in the left half only:

    >>> import numpy as np
    >>> from skmtl.gaussian_process import MultiTaskGPRegressor
    >>> x = np.linspace(0, 6, 40)
    >>> rng = np.random.default_rng(0)
    >>> Y = np.column_stack([np.sin(x), 2 * np.sin(x)]) + 0.1 * rng.normal(size=(40, 2))
    >>> Y[20:, 1] = np.nan
    >>> gp = MultiTaskGPRegressor().fit(x[:, None], Y)
    >>> gp.task_correlation_.round(1)
    array([[1. , 0.9],
           [0.9, 1. ]])

    At x = 4.7 the first outcome tells of the second, which alone says nothing there:

    >>> alone = MultiTaskGPRegressor(rank=0).fit(x[:, None], Y)
    >>> [round(float(model.predict([[4.7]], return_std=True)[1][0, 1]), 1) for model in (gp, alone)]
    [0.5, 1.0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        "inference": [OneOf(("auto", "kronecker", "dense", "inducing"))],
        "n_inducing": [POSITIVE_INT],
        "normalize_y": [BOOLEAN],
        "optimizer": [NONE, OneOf(("fmin_l_bfgs_b",)), IsCallable()],
        "n_restarts_optimizer": [Interval(Integral, 0, float("inf"), closed="left")],
    }

    def __init__(
        self,
        kernel: Any = None,
        *,
        rank: Any = 1,
        noise: Any = "per_task",
        inference: str = "auto",
        n_inducing: int = 100,
        task_features: Any = None,
        task_kernel: Any = None,
        normalize_y: bool = True,
        optimizer: Any = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        random_state: Any = None,
    ):
        self.kernel = kernel
        self.rank = rank
        self.noise = noise
        self.inference = inference
        self.n_inducing = n_inducing
        self.task_features = task_features
        self.task_kernel = task_kernel
        self.normalize_y = normalize_y
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Tags: kernels take dense X."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def fit(self, X: Any, y: Any, *, task: Any = None, noise_variance: Any = None) -> MultiTaskGPRegressor:
        """Fit kernel, task covariance and noise.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Features, finite and dense.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        noise_variance : array-like of shape (n,) or (n, T), optional
            Known variance of each measurement, in squared units of y, added to the noise; with ``noise=0`` there is no
            other. Not looked at where an outcome is unobserved.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, or is too large; the message names the argument, the task and the cure.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        UserWarning
            An outcome is constant or has one entry; or the covariance of the outcomes took a jitter.
        ConvergenceWarning
            The search of the best start ended early.
        """
        check_parameters(self, self._parameter_constraints)
        data = self._read(dense(X), y, task=task)
        names = data.layout.names
        standard = standard_of(data, self.normalize_y)
        known = known_variance(noise_variance, data, data.layout.n_rows)
        entries = entries_of(data, standard, known)
        kernels = kernels_of(self.kernel, entries.X)
        described = None
        if self.task_features is not None:
            features = task_features_of(self.task_features, names)
            described = self._task_kernel(len(kernels), features), features
        elif self.task_kernel is not None:
            raise InvalidParameterError("task_kernel goes with task_features: give the descriptions, or drop it.")
        ranks = ranks_of(self.rank, len(kernels))
        # Start values that are kept do not depend on the outcomes' units.
        as_given = not self.normalize_y and self.optimizer is not None
        units = units_of(entries.y, entries.tasks, standard, as_given)
        noise = noise_of(self.noise, standard, entries.known, units)
        _warn_of_lone(data, standard)
        rng = check_random_state(self.random_state)
        covariance = covariance_of(kernels, ranks, entries, data.n_tasks, described, units)
        self._inference = inference_of(self.inference, covariance, entries, noise, self.n_inducing, rng)
        self.inference_ = self._inference.name
        found = self._search(rng)
        if found.message:
            warnings.warn(
                f"MultiTaskGPRegressor: the search of the likelihood's maximum ended early ({found.message}): use "
                "n_restarts_optimizer, or narrower bounds of the kernel.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.theta_, self.restarts_ = found.theta, found.values
        self.log_marginal_likelihood_value_ = found.value
        self._posterior = self._inference.condition(found.theta)
        self.jitter_ = self._posterior.jitter
        if self.inference_ == "dense" and self.jitter_ > 0:
            warnings.warn(
                f"The covariance of the outcomes was factorised only with {self.jitter_:.1e} added to its diagonal: to "
                "the kernel some rows of X are alike, and there is next to no noise; use noise='per_task'.",
                UserWarning,
                stacklevel=2,
            )
        self._describe(self._posterior.covariance, standard)
        return self

    def _task_kernel(self, n_terms: int, features: np.ndarray) -> Kernel:
        if n_terms > 1:
            raise InvalidParameterError("task_features goes with one kernel: give one, not a list.")
        if isinstance(self.task_kernel, list | tuple):
            raise InvalidParameterError("task_kernel is a list: give one kernel, or a sum of them.")
        return kernels_of(self.task_kernel, features, "task_kernel", "descriptions in task_features")[0]

    def _search(self, rng: np.random.RandomState) -> Maximum:
        """The best of all starts; a likelihood that is finite nowhere is an error."""
        inference = self._inference
        first, bounds = inference.theta, inference.bounds
        if self.optimizer is None:
            # Start values of the user's may lie outside the bounds of a search.
            value = float(inference.evidence(first))
            found = Maximum(first, value, np.array([value]), "")
        else:
            starts = [first]
            loadings = inference.covariance.loadings
            starts += [random_start(first, bounds, rng, loadings) for _ in range(self.n_restarts_optimizer)]
            if isinstance(inference, KroneckerInference) and not callable(self.optimizer):
                found = maximise_nested(inference, starts)
            else:
                found = maximise(inference.evidence, starts, bounds, self.optimizer)
        if not np.isfinite(found.value) or found.value <= -1e24:
            raise TaskDataError(
                "The likelihood is finite at no start: on these features the kernel is not finite, or its matrix is "
                "not positive definite; change the kernel or its parameters, or raise the noise."
            )
        return found

    def _describe(self, covariance: Covariance, standard: Standard) -> None:
        """Set what the user reads off the fit, in units of y."""
        self._standard = standard
        kernels = [clone(term.kernel) for term in covariance.terms]
        self.kernel_ = kernels if isinstance(self.kernel, list | tuple) else kernels[0]
        unit = np.outer(standard.scale, standard.scale)
        self.task_covariances_ = [term.task.B * unit for term in covariance.terms]
        self.task_covariance_ = np.sum(self.task_covariances_, axis=0)
        deviation = np.sqrt(self.task_covariance_.diagonal())
        self.task_correlation_ = self.task_covariance_ / np.outer(deviation, deviation)
        k = covariance.n_theta
        noise = self._inference.noise
        self._noise = noise.with_theta(self.theta_[k : k + len(noise.theta)]).by_task(covariance.n_tasks)
        self.noise_ = self._noise * standard.scale**2

    def _read(self, X: Any, y: Any, **given: Any) -> TaskData:
        data = super()._read(X, y, **given)
        self._layout = data.layout
        return data


def _warn_of_lone(data: TaskData, standard: Standard) -> None:
    """Warn of outcomes without a spread of their own."""
    layout = data.layout
    for t in range(data.n_tasks) if data.form == "wide" else ():
        y = data.y[layout.entries(t)]
        if np.ptp(y) == 0 and (standard.lone[t] or len(y) > 1):
            what = "has one observed entry" if len(y) == 1 else "is constant"
            warnings.warn(
                f"Y (task {layout.names[t]!r}) {what}: little can be learned of it, and how far it varies is taken "
                "from the others; leave it out.",
                UserWarning,
                stacklevel=3,
            )
    if data.form != "wide" and data.layout.n_entries > 1 and np.ptp(data.y) == 0:
        warnings.warn("y is constant: nothing can be learned of it.", UserWarning, stacklevel=3)


__all__ = ["MultiTaskGPRegressor"]
