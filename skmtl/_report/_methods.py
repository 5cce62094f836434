"""How it was done, in words that can go into a paper, with their sources."""

from __future__ import annotations

from typing import Any

from skmtl._report._page import Html, Section, several, share, tag

_EFRON = "B. Efron and R. J. Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall."
_HESTERBERG = (
    "T. C. Hesterberg (2015). What teachers should know about the bootstrap. The American Statistician 69, 371-386."
)
_NADEAU = "C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281."
_BOUCKAERT = (
    "R. R. Bouckaert and E. Frank (2004). Evaluating the replicability of significance tests for comparing learning "
    "algorithms. PAKDD, 3-12."
)
_HOLM = (
    "S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, "
    "65-70."
)
_BENJAMINI = (
    "Y. Benjamini and Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal Statistical "
    "Society B 57, 289-300."
)
_LOSSES = {
    "numeric": "the squared error of a number",
    "binary": "the log loss of a probability (yes/no outcomes)",
    "classes": "the log loss of probabilities of several classes",
    "count": "the Poisson deviance of a count",
}


def methods_section(found: Any, options: dict[str, Any], inner_folds: int | None) -> Section:
    """Folds, models and their tuning, baseline, gain, interval, adjustment, and what it all does not say.

    Parameters
    ----------
    found : Comparison
    options : dict
        Those of its summary, as used.
    inner_folds : int or None
        Folds by which registered models choose their strength; None where there are no such models.
    """
    interval, sources = _interval(found, options)
    adjustment, more = _adjustment(options)
    body = [
        *_folds(found),
        *_models(found, inner_folds),
        tag("h3", "Gains, intervals and words"),
        tag("p", _gain(found, options["baseline"])),
        tag("p", interval),
        tag("p", adjustment),
        tag("h3", "Sources"),
        tag("ul", [tag("li", source) for source in [*sources, *more]]),
    ]
    return Section("methods", "Methods in words", body)


def _folds(found: Any) -> list[Html]:
    asked, n_folds = found.asked or {}, found.folds["fold"].nunique()
    how = f" (cv: {asked['cv']}; seed: {asked['random_state'] or 'none'})" if asked else ""
    said = (
        f"Every model was fitted and tested on the same {several(n_folds, 'fold')}{how}: fitted to the training part, "
        "judged on rows that it had not seen. Outcomes that were not observed were left missing; every outcome is "
        "fitted to and judged on its observed values."
    )
    if found.groups is not None:
        said += " Rows of the same group (a patient, say) were kept in the same fold."
    if asked.get("weighted"):
        said += " Rows or values had weights, in fits and in scores."
    return [tag("p", said)]


def _models(found: Any, inner_folds: int | None) -> list[Html]:
    asked = found.asked or {}
    listed = []
    for name in found.estimators:
        mark = " (what gains are measured against)" if name == found.baseline else ""
        meaning = asked.get("models", {}).get(name)
        shown = meaning if name in asked.get("registered", ()) or meaning is None else tag("code", meaning)
        listed += [tag("dt", tag("bdi", name), mark), tag("dd", shown)]
    said = []
    if asked.get("preprocessor"):
        text = "Features were prepared inside each fold, from its training part only: "
        said.append(tag("p", text, tag("code", asked["preprocessor"]), "."))
    if inner_folds is not None:
        said.append(
            tag(
                "p",
                "Models that are known by name chose their strength inside each training part, most of them by "
                f"{inner_folds} folds there: the baseline was tuned with the same care as the models that share.",
            )
        )
    return [tag("h3", "Models"), tag("dl", listed), *said]


def _gain(found: Any, baseline: str) -> str:
    losses = [_LOSSES[kind] for kind in _LOSSES if kind in set(found.outcomes["kind"])]
    return (
        f"Loss is {' and '.join(losses)}. The gain of a model is the share of the loss of {baseline} that it saves on "
        "rows it was not trained on, 100 (1 - L / L₀), where L and L₀ are mean losses over folds; below 0 loss is "
        "added. The mean over outcomes counts every outcome the same."
    )


def _interval(found: Any, options: dict[str, Any]) -> tuple[str, list[str]]:
    level = f"{share(1 - options['alpha'])} intervals"
    if options["interval"] == "corrected_t":
        return (
            f"{level} take the folds as observations and correct their variance for the rows that training parts "
            "share (Nadeau and Bengio; Bouckaert and Frank).",
            [_NADEAU, _BOUCKAERT],
        )
    drawn = "groups" if found.groups is not None else "rows"
    return (
        f"{level} come from the bootstrap: {drawn} were drawn with replacement {options['n_resamples']} times (seed "
        f"{options['random_state']}), each with all its losses on test parts, and the spread was widened for what "
        "other training rows would have done (Efron and Tibshirani; Hesterberg). Intervals are of one gain each and "
        "are not adjusted for their number: one may leave out 0 where the word, which looks at all gains, is “no "
        "evidence”.",
        [_EFRON, _HESTERBERG],
    )


def _adjustment(options: dict[str, Any]) -> tuple[str, list[str]]:
    level = f"below {options['alpha']:g}"
    if options["adjust"] == "holm":
        return (
            "P values are adjusted for the number of outcomes and models together by Holm's method: a gain is called "
            f"helped or hurt where its adjusted p value is {level}.",
            [_HOLM],
        )
    if options["adjust"] == "fdr_bh":
        return (
            "P values are adjusted for the number of outcomes and models together by the method of Benjamini and "
            f"Hochberg: a gain is called helped or hurt where its adjusted p value is {level}.",
            [_BENJAMINI],
        )
    return (f"P values are not adjusted: a gain is called helped or hurt where its own p value is {level}.", [])


__all__ = ["methods_section"]
