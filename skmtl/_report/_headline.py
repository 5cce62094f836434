"""The first words of the page: what sharing did, for which outcomes, and how sure that is."""

from __future__ import annotations

from typing import Any

from skmtl._report._page import Html, Names, between, p_value, percent, several, share, tag, verdict

# So many outcomes are listed under each verdict; the table has all.
_LISTED = 12
_SAVED = {"mse": "squared error", "log_loss": "log loss", "deviance": "deviance"}
_SURE = {
    "holm": "The probability that even one of the words “helped” and “hurt” among these {m} is wrong is held to about "
    "{level} (Holm's adjustment).",
    "fdr_bh": "Of the words “helped” and “hurt” among these {m} about {level} at most are expected to be wrong "
    "(Benjamini and Hochberg's adjustment).",
    None: "Each of these {m} was judged by itself, at the {level} level: with so many some may be called helped or "
    "hurt by chance.",
}


def headline(found: Any, summary: Any, overall: Any, options: dict[str, Any], names: Names) -> Html:
    """What stands in the box at the top.

    Parameters
    ----------
    found : Comparison
    summary, overall : DataFrame
        Its gains per outcome and over all outcomes.
    options : dict
        ``baseline``, ``adjust`` and ``alpha`` as used.
    names : Names
        Of the outcomes.
    """
    baseline, level = options["baseline"], share(1 - options["alpha"])
    if summary.empty:
        return _box([tag("p", f"Only {baseline} was fitted: there is nothing to compare it with.", class_="lead")])
    outcomes = found.outcomes["outcome"].tolist()
    judged = {word: set(summary.loc[summary["verdict"] == word, "outcome"]) for word in ("helped", "hurt")}
    unclear = [outcome for outcome in outcomes if outcome not in judged["helped"] | judged["hurt"]]
    body = [tag("p", _first_sentence(len(outcomes), judged, len(unclear)), class_="lead")]
    together = _together(overall) if len(outcomes) > 1 else []
    if together:
        body.append(tag("p", "Over all outcomes together: ", together, ".", class_="lead"))
    if len(outcomes) == 1:
        body.append(tag("p", "With one outcome there is nothing to share: the models differ in their penalties only."))
    for word in ("helped", "hurt"):
        if judged[word]:
            body += _listed(summary[summary["verdict"] == word], word, baseline, level, names)
    if unclear and len(unclear) < len(outcomes):
        shown = [[", " if k else "", names.short(outcome)] for k, outcome in enumerate(unclear[:_LISTED])]
        more = f" and {len(unclear) - _LISTED} more" if len(unclear) > _LISTED else ""
        body.append(tag("p", tag("b", "No evidence either way: "), shown, more, "."))
    if len(outcomes) > 1:
        body.append(tag("h3", "All outcomes together"))
        body.append(tag("ul", [_overall_line(row, baseline, level) for row in overall.itertuples()]))
    body.append(tag("h3", "How sure is this?"))
    body.append(tag("p", _certainty(found, summary, options)))
    return _box(body)


def _box(body: list[Any]) -> Html:
    return tag("div", tag("h2", "In short"), body, class_="short")


def _first_sentence(n: int, judged: dict[str, set[Any]], n_unclear: int) -> str:
    helped, hurt = len(judged["helped"]), len(judged["hurt"])
    of = "the one outcome" if n == 1 else f"of {n} outcomes"
    if not helped and not hurt:
        where = "for the one outcome" if n == 1 else f"for any of {n} outcomes"
        return f"There is no evidence that sharing helped or hurt {where}."
    if n == 1:
        return f"Sharing {'helped' if helped else 'hurt'} {of}."
    said = f"Sharing helped {helped or 'none'} {of} and hurt {hurt or 'none'}"
    rest = f"; for {n_unclear} there is no evidence either way" if n_unclear else ""
    both = len(judged["helped"] & judged["hurt"])
    twice = f" ({both} gained with one model and lost with another)" if both else ""
    return f"{said}{twice}{rest}."


def _together(overall: Any) -> list[Any]:
    """The models with a verdict over all outcomes; one outcome alone may be too little to tell."""
    clear = overall[overall["verdict"] != "no evidence"]
    said = [["the model “", tag("bdi", row.estimator), f"” {row.verdict}"] for row in clear.itertuples()]
    return [["; " if k else "", one] for k, one in enumerate(said)]


def _listed(rows: Any, word: str, baseline: str, level: str, names: Names) -> list[Any]:
    """An item per outcome with the models that earned it the word, the largest effects first."""
    rows = rows.reindex(rows["gain"].abs().sort_values(ascending=False, kind="stable").index)
    lines: dict[Any, list[Any]] = {}
    for row in rows.itertuples():
        verb = "saves" if row.gain > 0 else "adds"
        said = [
            tag("b", tag("bdi", row.estimator)),
            f" {verb} {abs(row.gain):.1f}% of the {_SAVED.get(row.metric, row.metric)} of ",
            tag("bdi", baseline),
            f" ({level} interval of the gain {between(row.low, row.high)}; adjusted p {p_value(row.p_adjusted)})",
        ]
        lines.setdefault(row.outcome, []).append(said)
    items = [
        tag("li", tag("b", names.short(outcome)), ": ", [["; " if k else "", one] for k, one in enumerate(said)])
        for outcome, said in list(lines.items())[:_LISTED]
    ]
    more = len(lines) - _LISTED
    rest = [tag("p", f"and {several(more, 'outcome')} more: see ", tag("a", "the table", href="#outcomes"), ".")]
    return [tag("h3", f"Sharing {word}"), tag("ul", items), rest if more > 0 else None]


def _overall_line(row: Any, baseline: str, level: str) -> Html:
    said = f": mean gain {percent(row.gain)} over {baseline} ({level} interval {between(row.low, row.high)}): "
    return tag("li", tag("b", tag("bdi", row.estimator)), said, verdict(row.verdict))


def _certainty(found: Any, summary: Any, options: dict[str, Any]) -> str:
    if found.folds["fold"].nunique() < 2:
        return "It cannot be said: one fold gives neither intervals nor verdicts. Compare on several."
    tested = int(summary["p"].notna().sum())
    sure = _SURE[options["adjust"]].format(m=several(tested, "gain"), level=share(options["alpha"]))
    return (
        f"{sure} “No evidence” means that this table cannot tell: it does not mean that there is no difference. A "
        "model chosen here as the best of several looks better than it is: test it on rows that took no part."
    )


__all__ = ["headline"]
