"""Gaussian processes of outcomes of several types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.metaestimators import available_if

from skmtl._params import InstanceOf, OneOf
from skmtl.base import both_classes, label_table
from skmtl.data import TaskData
from skmtl.exceptions import TaskDataError
from skmtl.gaussian_process._laplace_model import LaplaceModel
from skmtl.gaussian_process._likelihoods import LIKELIHOODS


def _has_classes(estimator: Any) -> bool:
    given = getattr(estimator, "likelihoods_", estimator.likelihood)
    given = given.values() if isinstance(given, Mapping) else [given] if isinstance(given, str) else given
    if not {"auto", "logit", "probit"} & set(given):
        raise AttributeError("predict_proba needs an outcome of two classes, and every likelihood here is for numbers.")
    return True


class MultiTaskGeneralizedGP(LaplaceModel):
    """Gaussian process of outcomes of several types: numbers, classes and counts that borrow from each other.

    Latent functions f_t of all outcomes have one prior, and each outcome its own likelihood:

        f ~ N(0, Σ_q B_q ⊗ k_q(X, X)),  B_q = L_q L_q' + diag(v_q),    y_it ~ p_t(y | f_t(x_i) + m_t),

    with p_t normal (with a noise variance), Bernoulli (logit or probit) or Poisson (log link). The posterior of f is
    taken as normal about its mode f̂, and all parameters θ maximise its evidence,

        log q(y | θ) = log p(y | f̂) - ½ f̂' K⁻¹ f̂ - ½ log|I + W^½ K W^½|,    W = -∇∇ log p(y | f̂).

    Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapter 3 (the approximation);
    Bonilla, Chai and Williams, NIPS 2007 (the task covariance); Moreno-Muñoz, Artés-Rodríguez and Álvarez, NeurIPS
    2018 (likelihoods that differ from task to task).

    A fit costs O(N³) per step, N being the number of observed entries: some thousands at most. With numbers alone
    the approximation is exact, and `MultiTaskGPRegressor` is faster and does more. Laplace's approximation is at its
    weakest with few observations of a class per latent function: probabilities are then too near to ½. Not for an
    outcome of more than two classes.

    Parameters
    ----------
    likelihood : str, list of str (one per task) or dict from task name to str, default "auto"
        "gaussian": numbers. "logit", "probit": two classes. "poisson": counts.
        "auto" takes "logit" for labels and for the numbers 0 and 1, and "gaussian" for other numbers; counts are
        never guessed.
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
    classes_ : list of length T, or what would be its one entry after a fit on one outcome
        The two sorted labels of an outcome of classes, None for a number or a count.
    noise_ : ndarray of shape (T,)
        Noise variance of a Gaussian outcome in its squared units, NaN for others.
    likelihoods_ : list of T str
    kernel_ : kernel, or list of them
        With the fitted parameters.
    task_covariance_, task_correlation_ : ndarray of shape (T, T)
        B, summed over the kernels: of the latent functions, which are log-odds (probits), log-rates, or numbers in the
        units of y.
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
    MultiTaskGPRegressor : Exact inference where every outcome is a number.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.gaussian_process import MultiTaskGeneralizedGP
    >>> rng = np.random.default_rng(0)
    >>> X = np.sort(rng.uniform(0, 10, size=(60, 1)), axis=0)
    >>> risk = np.sin(X[:, 0])
    >>> table = pd.DataFrame({"lactate": 2 + risk + 0.3 * rng.normal(size=60), "visits": rng.poisson(np.exp(risk))})
    >>> table.loc[30:, "visits"] = np.nan  # not counted in the second half
    >>> model = MultiTaskGeneralizedGP({"lactate": "gaussian", "visits": "poisson"}).fit(X, table)
    >>> float(model.task_correlation_[0, 1].round(2))
    1.0
    >>> model.predict([[8.0], [4.7]])[:, 1].round(1)  # visits, where exp(risk) is 2.7 and 0.4
    array([2.5, 0.3])
    """

    _parameter_constraints: ClassVar = {
        **LaplaceModel._parameter_constraints,
        "likelihood": [
            OneOf((*LIKELIHOODS, "auto")),
            InstanceOf((Mapping, list, tuple), "a list or a dict of names of likelihoods"),
        ],
    }

    def __init__(
        self,
        likelihood: Any = "auto",
        *,
        kernel: Any = None,
        rank: Any = 1,
        mean: str = "learned",
        optimizer: Any = "fmin_l_bfgs_b",
        n_restarts_optimizer: int = 0,
        random_state: Any = None,
    ):
        self.likelihood = likelihood
        self.kernel = kernel
        self.rank = rank
        self.mean = mean
        self.optimizer = optimizer
        self.n_restarts_optimizer = n_restarts_optimizer
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Tags: an outcome may have two classes."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def _likelihood_given(self) -> Any:
        return self.likelihood

    def _remember(self, data: TaskData) -> None:
        classes = [encoder.classes for encoder in data.encoders]
        self.classes_ = classes if data.form == "wide" and data.n_tasks > 1 else classes[0]

    def fit(self, X: Any, y: Any, *, task: Any = None, exposure: Any = None) -> MultiTaskGeneralizedGP:
        """Fit the model.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Features, finite; put them on like scales where the kernel has one length for all.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        exposure : array-like of shape (n,) or (n, T), optional
            Time (or persons) under observation, positive: a Poisson outcome is then a count over it, and predictions
            are rates per unit of exposure. Other outcomes do not use it.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, or has too many entries; the message names the argument, the task and the cure.
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

    def predict_mean(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Expected outcomes: the mean of a number, the rate of a count, the probability of the second of two classes.

        Averages over the posterior of the latent functions, so that where little is known a probability is nearer to
        its outcome's frequency, and a rate above that of the latent mean.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of float of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self._expected(X, task)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict the more probable label of classes and the mean of numbers and counts.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            Of floats where every label is a number, else of objects.

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        expected = self._expected(X, task)
        if expected.ndim == 1:  # one outcome, in one task or in many
            self._check_alike()
            return self._decoded(expected, 0)
        return label_table([self._decoded(expected[:, t], t) for t in range(self.n_tasks_)])

    def _decoded(self, expected: np.ndarray, t: int) -> np.ndarray:
        encoder = self._encoders[t]
        return expected if encoder.classes is None else encoder.decode(expected > 0.5)

    def _check_alike(self) -> None:
        """With ``task`` one answer mixes outcomes, which then have to be of one kind."""
        if len({encoder.kind for encoder in self._encoders}) > 1:
            raise TaskDataError(
                "task asks for one outcome in each row, but these outcomes are of several kinds: leave task out, and "
                "take the columns wanted."
            )

    @available_if(_has_classes)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of the classes of each outcome that has any; absent where none has.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        list of length T
            An ndarray of shape (n, 2) per outcome of classes, None per number or count; with ``task`` or a single
            outcome the one array (or None) itself.
        """
        odds = self._log_odds(X, task)
        if odds.ndim == 1:
            self._check_alike()
            return None if self._encoders[0].classes is None else both_classes(odds)
        tables = [None if e.classes is None else both_classes(odds[:, t]) for t, e in enumerate(self._encoders)]
        return tables[0] if self.n_tasks_ == 1 else tables

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, exposure: Any = None) -> float:
        """Share of the deviance explained on the observed targets, the mean over outcomes.

        1 - deviance / deviance of the outcome's mean (in the data given): R2 for numbers, McFadden's R2 for classes;
        0 for an outcome that is constant in the data given. After a fit on rows of tasks, over all rows.

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
