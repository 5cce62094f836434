"""A fit with inverse-probability-of-observation weights."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._notebook import NotebookMixin
from skmtl._params import NONE, HasMethods, InstanceOf, check_parameters
from skmtl.compose._delegate import call, fit_options, inner_has, inner_tags
from skmtl.multioutput._inner import last_step, take_attribute
from skmtl.preprocessing import ObservationWeights


class InverseProbabilityWeighted(NotebookMixin, BaseEstimator):
    r"""Fit an estimator to the observed outcomes, weighted to stand for all rows.

    In ``fit``, with the cross-fitted weights w of `ObservationWeights` (one per row and outcome) and those of the
    user, s:

        w          =  weights.fit_weights(X, Y)
        estimator  .fit(X, Y, sample_weight = s · w)

    As the weights are learnt in ``fit``, a cross-validation learns them from training rows, and the whole stands in a
    Pipeline, a search, a comparison where a bare transformer of weights could not.

    The fit is then that to the whole table, as far as missingness depends on X only. That matters where the
    estimator cannot follow how the outcome depends on X: an intercept, a line through a curve, few features of many.
    Not for a model that is right given X, which needs no weights and pays for them with variance; not where outcomes
    are missing because of their own values. Scores are not weighted: give a scorer
    ``weights_.weights(X_test, Y_test)``. There is no ``adapt`` here, as a task that was not in the fit has no weights:
    ``estimator_`` has it where the model has.

    Parameters
    ----------
    estimator : estimator
        With ``fit`` that takes ``sample_weight`` of shape (n, T), and ``predict``: any of skmtl, or a Pipeline with
        one at its end; for one outcome any of scikit-learn that takes (n,). Cloned, never fitted itself.
    weights : ObservationWeights or None, default None
        How the weights are made; None: ``ObservationWeights(random_state=0)``.

    Attributes
    ----------
    estimator_ : fitted estimator
    weights_ : ObservationWeights, fitted
    sample_weight_ : ndarray of shape (n, T) or (n,)
        What the estimator was fitted with; 0 where unobserved.
    task_names_ : ndarray of shape (T,)
        As on ``estimator_``; also ``n_tasks_``, ``n_features_in_``, ``feature_names_in_``, and ``classes_`` of a
        classifier.

    See Also
    --------
    skmtl.preprocessing.ObservationWeights : The weights alone.
    skmtl.inspection.missingness_report : Whether they are needed.

    Examples
    --------
    A line fitted to a curve, y = x², that was observed where x is large:

    >>> import numpy as np
    >>> from skmtl.compose import InverseProbabilityWeighted
    >>> from skmtl.linear_model import MultiTaskRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(3000, 1))
    >>> Y = np.column_stack([x[:, 0] ** 2, x[:, 0]]) + 0.1 * rng.normal(size=(3000, 2))
    >>> full = MultiTaskRidge(alpha=1e-6).fit(x, Y)
    >>> Y[rng.random(3000) > 1 / (1 + np.exp(-x[:, 0])), 0] = np.nan
    >>> bare = MultiTaskRidge(alpha=1e-6).fit(x, Y)
    >>> weighted = InverseProbabilityWeighted(MultiTaskRidge(alpha=1e-6)).fit(x, Y)
    >>> [f"{model.predict([[0.0]])[0, 0]:.1f}" for model in (full, bare, weighted)]
    ['1.0', '0.7', '1.0']
    """

    def __init__(self, estimator: Any, *, weights: ObservationWeights | None = None):
        self.estimator = estimator
        self.weights = weights

    def __sklearn_tags__(self) -> Tags:
        """Tags of the wrapped estimator."""
        return inner_tags(self.estimator)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, groups: Any = None
    ) -> InverseProbabilityWeighted:
        """Fit the weights, then the estimator with them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
            NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Multiplies the weights. 0 takes an entry out, where NaN leaves it in as one that others stand for.
        task : array-like of shape (n,), optional
            Task of each row, with a 1-D ``y``.
        groups : array-like of shape (n,), optional
            Rows with the same value stay in one fold of the cross-fitted weights. The estimator does not see it.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, or the estimator takes no ``sample_weight``.
        InvalidParameterError
            ``weights`` is no `ObservationWeights`.
        """
        check_parameters(
            self,
            {
                "estimator": [HasMethods(("fit", "predict"))],
                "weights": [NONE, InstanceOf(ObservationWeights, "an ObservationWeights")],
            },
        )
        (X,) = indexable(X)
        maker = ObservationWeights(random_state=0) if self.weights is None else clone(self.weights)
        weight = maker.fit_weights(X, y, sample_weight, task=task, groups=groups)
        inner = clone(self.estimator)
        # Weights that are all 1 say nothing, and an estimator that takes none can be fitted.
        plain = sample_weight is None and bool((weight == 1).all())
        options = fit_options(inner, type(self).__name__, sample_weight=None if plain else weight, task=task)
        self.estimator_ = inner.fit(X, y, **options)
        self.weights_, self.sample_weight_ = maker, weight
        for name in ("task_names_", "n_tasks_", "classes_", "data_form_"):
            take_attribute(self, name, getattr(last_step(self.estimator_), name, None))
        for name in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, name, getattr(self.estimator_, name, None))
        return self

    def predict(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Predict as the wrapped estimator does.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.
        on_unknown : {"error", "prior"}, default "error"
            As in the wrapped estimator, if it has the argument: for rows of a task that was not in the fit, refuse or
            answer from what the tasks share.

        Returns
        -------
        ndarray of shape (n, T) or (n,)
        """
        check_is_fitted(self)
        return call(self.estimator_, "predict", X, task=task, on_unknown=on_unknown)

    @available_if(inner_has("predict_proba"))
    def predict_proba(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Probabilities of the classes, as the wrapped estimator gives them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in `predict`.

        Returns
        -------
        ndarray or list of ndarrays
        """
        check_is_fitted(self)
        return call(self.estimator_, "predict_proba", X, task=task, on_unknown=on_unknown)

    @available_if(inner_has("decision_function"))
    def decision_function(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Decision values of the wrapped estimator.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in `predict`.

        Returns
        -------
        ndarray
        """
        check_is_fitted(self)
        return call(self.estimator_, "decision_function", X, task=task, on_unknown=on_unknown)

    @available_if(inner_has("score"))
    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Score of the wrapped estimator on the observed entries, with the given weights only.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        check_is_fitted(self)
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return call(self.estimator_, "score", X, y, task=task, **weight)


__all__ = ["InverseProbabilityWeighted"]
