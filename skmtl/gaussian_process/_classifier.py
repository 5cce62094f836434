"""Gaussian process classification of several binary outcomes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.metaestimators import available_if

from skmtl._params import OneOf
from skmtl.base import MultiTaskClassifierMixin, _one_outcome, both_classes, label_table
from skmtl.data import TaskData
from skmtl.gaussian_process._laplace_model import LaplaceModel


class MultiTaskGPClassifier(MultiTaskClassifierMixin, LaplaceModel):
    """Gaussian process classification of several binary outcomes that borrow from each other.

    Latent functions of all outcomes have one prior; y = 1 is the second class in sorted order:

        f ~ N(0, Σ_q B_q ⊗ k_q(X, X)),  B_q = L_q L_q' + diag(v_q),    P(y_it = 1 | f) = σ(f_t(x_i) + m_t),

    with σ(η) = 1 / (1 + exp(-η)), or the normal distribution function for "probit". The posterior of f is taken as
    normal about its mode (Laplace), and the parameters maximise the evidence under that approximation. Sources:
    Williams and Barber, IEEE PAMI 20:1342-1351, 1998, and Rasmussen and Williams, Gaussian Processes for Machine
    Learning, 2006, chapter 3; Bonilla, Chai and Williams, NIPS 2007, for the task covariance. With one outcome and
    ``mean="zero"`` it is scikit-learn's ``GaussianProcessClassifier``, but for the average over the posterior, which
    is exact here.

    Outcomes may be missing; each needs both of its classes. A fit costs O(N³) per step, N being the number of observed
    entries: some thousands at most. Laplace's approximation keeps probabilities too near to ½ where a latent function
    has few observations. Not for more than two classes; where effects are linear and features many,
    `skmtl.linear_model.MultiTaskLogisticRegression` is faster and can be read.

    Parameters
    ----------
    link : {"logit", "probit"}, default "logit"
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
    classes_ : ndarray of shape (2,), or list of T of them after a fit on several outcomes
    likelihoods_ : list of T str
    kernel_ : kernel, or list of them
        With the fitted parameters.
    task_covariance_, task_correlation_ : ndarray of shape (T, T)
        B, summed over the kernels: of the latent functions, which are log-odds, or probits.
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
    MultiTaskGeneralizedGP : Classes together with numbers and counts.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.gaussian_process import MultiTaskGPClassifier
    >>> rng = np.random.default_rng(2)
    >>> X = np.sort(rng.uniform(0, 10, size=(150, 1)), axis=0)
    >>> Y = (2 * np.sin(X) + rng.logistic(size=(150, 2)) > 0).astype(float)
    >>> Y[X[:, 0] > 6, 1] = np.nan  # there the second outcome was not looked at
    >>> new = [[7.9], [9.8]]  # where its probability is 0.88 and 0.32
    >>> MultiTaskGPClassifier().fit(X, Y).predict_proba(new)[1][:, 1].round(1)
    array([0.8, 0.3])
    >>> MultiTaskGPClassifier(rank=0).fit(X, Y).predict_proba(new)[1][:, 1].round(1)  # without the first outcome
    array([0.5, 0.5])
    """

    _parameter_constraints: ClassVar = {
        "link": [OneOf(("logit", "probit"))],
        **LaplaceModel._parameter_constraints,
    }

    def __init__(
        self,
        *,
        link: str = "logit",
        kernel: Any = None,
        rank: Any = 1,
        mean: str = "learned",
        optimizer: Any = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        random_state: Any = None,
    ):
        self.link = link
        self.kernel = kernel
        self.rank = rank
        self.mean = mean
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.random_state = random_state

    def _likelihood_given(self) -> Any:
        return self.link

    def _remember(self, data: TaskData) -> None:
        self._remember_classes(data)

    def fit(self, X: Any, y: Any, *, task: Any = None) -> MultiTaskGPClassifier:
        """Fit the model.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Features, finite; put them on like scales where the kernel has one length for all.
        y : array-like or frame of shape (n,) or (n, T)
            Labels, two in each column; NaN or None where unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, has an outcome of one class, or too many entries; the message names the argument,
            the task and the cure.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            The optimiser, or the search for the mode, ended before its tolerance.
        """
        return self._fit(X, y, task)

    @available_if(_one_outcome)
    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Log-odds of the predictive probability of the second class of a single outcome.

        Absent after a fit on several outcomes, as on every scikit-learn classifier whose ``predict_proba`` gives a
        list: use ``linear_predictor`` there.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self._log_odds(X, task)

    def predict_proba(self, X: Any, *, task: Any = None) -> Any:  # type: ignore[override]
        """Probabilities of the two classes, averaged over the posterior of the latent functions.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        list of T ndarrays of shape (n, 2), or one such array with ``task`` or with a single outcome
        """
        odds = self._log_odds(X, task)
        if odds.ndim == 1 or self.n_tasks_ == 1:
            return both_classes(odds.ravel())
        return [both_classes(odds[:, t]) for t in range(self.n_tasks_)]

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:  # type: ignore[override]
        """Predict the more probable class of each outcome.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        # The average over a symmetric posterior is above one half where its centre is: the variance is not needed.
        positive = (self.linear_predictor(X, task=task) > 0).astype(np.intp)
        if positive.ndim == 1:
            return self._classes_of(0)[positive]
        return label_table([self._classes_of(t)[positive[:, t]] for t in range(self.n_tasks_)])
