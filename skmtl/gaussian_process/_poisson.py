"""Gaussian process regression of several counts."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils import Tags

from skmtl.base import MultiTaskRegressorMixin
from skmtl.gaussian_process._laplace_model import LaplaceModel


class MultiTaskGPPoissonRegressor(MultiTaskRegressorMixin, LaplaceModel):
    """Gaussian process regression of several counts that borrow from each other.

    Latent log-rates of all outcomes have one prior, and counts y over exposures E are Poisson given them:

        f ~ N(0, Σ_q B_q ⊗ k_q(X, X)),  B_q = L_q L_q' + diag(v_q),    y_it ~ Poisson(E_it exp(f_t(x_i) + m_t)).

    The posterior of f is taken as normal about its mode (Laplace), and the parameters maximise the evidence under that
    approximation. Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapter 3; Møller,
    Syversveen and Waagepetersen, Scand. J. Stat. 25:451-482, 1998, for counts with a latent Gaussian log-rate; Bonilla,
    Chai and Williams, NIPS 2007, for the task covariance.

    Outcomes may be missing. A fit costs O(N³) per step, N being the number of observed entries: some thousands at most.
    Counts that spread more than their rates explain are fitted by rougher rates (short length scales, a large v), not
    by a wider distribution; where zeros have a cause of their own, use another model.

    Parameters
    ----------
    kernel : kernel of sklearn.gaussian_process.kernels, a list of them, or None, default None
        Covariance between rows. None for an RBF kernel with a length scale per feature. A constant that multiplies a
        whole kernel is fixed at its value: B has the scale.
    rank : int or list of int, default 1
        Columns of L, for each kernel; 0 makes the outcomes independent but for the kernel.
    mean : {"learned", "empirical", "zero"}, default "learned"
        m_t. "learned": maximises the evidence with the other parameters, from the outcome's own log-odds, log-rate or
        mean; "empirical": stays there; "zero": probability ½, rate 1, value 0.
    optimizer : "fmin_l_bfgs_b", callable or None, default "fmin_l_bfgs_b"
        A callable as scikit-learn's regressor takes it; None keeps the parameters at their start.
    n_restarts_optimizer : int >= 0, default 0
        Further starts, drawn about the first; the best is kept.
    random_state : int, RandomState or None, default None
        Of the further starts.

    Attributes
    ----------
    likelihoods_ : list of T str
    kernel_ : kernel, or list of them
        With the fitted parameters.
    task_covariance_, task_correlation_ : ndarray of shape (T, T)
        B, summed over the kernels: of the latent functions, which are log-rates.
    task_covariances_ : list of ndarrays of shape (T, T)
        B_q of each kernel.
    intercept_ : ndarray of shape (T,)
        m_t.
    theta_ : ndarray
        All free parameters: of the covariance, log noise variances of standardised outcomes, m_t.
    log_marginal_likelihood_value_ : float
    mode_ : Mode
        The mode at the fitted parameters, with its certificate: ``decrement``, ``gradient_norm``, ``converged``.
    restarts_ : ndarray of shape (n_restarts_optimizer + 1,)
        The evidence that each start reached.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Only where X has column names.

    See Also
    --------
    MultiTaskGeneralizedGP : Counts together with numbers and classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.gaussian_process import MultiTaskGPPoissonRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = np.sort(rng.uniform(0, 10, size=(100, 1)), axis=0)
    >>> days = rng.uniform(10, 50, size=100)
    >>> Y = rng.poisson(days[:, None] * 0.4 * np.exp(np.sin(X) + [0.0, -1.0])).astype(float)
    >>> Y[X[:, 0] > 6, 1] = np.nan  # there the second was not counted
    >>> MultiTaskGPPoissonRegressor().fit(X, Y, exposure=days).predict([[7.9]]).round(1)  # a day; truth 1.09 and 0.40
    array([[1.1, 0.4]])
    >>> MultiTaskGPPoissonRegressor(rank=0).fit(X, Y, exposure=days).predict([[7.9]]).round(1)  # each by itself
    array([[1.1, 0.2]])
    """

    _parameter_constraints: ClassVar = dict(LaplaceModel._parameter_constraints)

    def __init__(
        self,
        *,
        kernel: Any = None,
        rank: Any = 1,
        mean: str = "learned",
        optimizer: Any = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        random_state: Any = None,
    ):
        self.kernel = kernel
        self.rank = rank
        self.mean = mean
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Tags: counts are not negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags

    def _likelihood_given(self) -> Any:
        return "poisson"

    def fit(self, X: Any, y: Any, *, task: Any = None, exposure: Any = None) -> MultiTaskGPPoissonRegressor:
        """Fit the model.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Features, finite; put them on like scales where the kernel has one length for all.
        y : array-like or frame of shape (n,) or (n, T)
            Counts, one column each; NaN where unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        exposure : array-like of shape (n,) or (n, T), optional
            What each count was counted over (person-years, area), positive; predictions are then rates per unit of it.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, holds a negative count, or too many entries; the message names the argument, the
            task and the cure.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        UserWarning
            A count is a fraction.
        ConvergenceWarning
            The optimiser, or the search for the mode, ended before its tolerance.
        """
        return self._fit(X, y, task, exposure)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:  # type: ignore[override]
        """Expected rates per unit of exposure, exp(m + v / 2) for a posterior log-rate of mean m and variance v.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        return self._expected(X, task)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, exposure: Any = None) -> float:
        """Share of the Poisson deviance explained on the observed counts, the mean over outcomes.

        1 - deviance / deviance of the outcome's overall rate (in the data given), as ``PoissonRegressor.score``. After
        a fit on rows of tasks, over all rows.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.
        exposure : array-like of shape (n,) or (n, T), optional
            As in ``fit``.

        Returns
        -------
        float
        """
        return self._explained(X, y, sample_weight, task, exposure)
