"""What a comparison found, in words."""

from __future__ import annotations

from typing import Any

from skmtl.model_selection._compare_verdicts import HELPED, HURT, UNCLEAR

# A line names this many outcomes and counts the rest.
_LONGEST = 6
_ADJUSTED = {
    "holm": "The chance of a wrong word anywhere among {m} gains is held to about {level} (Holm)",
    "fdr_bh": "Of the words above about {level} at most are expected to be wrong (Benjamini-Hochberg, {m} gains)",
    None: "Each of {m} gains is judged by itself: about {wrong} would be called helped or hurt by chance",
}


def in_words(
    summary: Any, *, baseline: str, outcomes: list[Any], n_folds: int, adjust: str | None, alpha: float
) -> str:
    """Where sharing helped, where it hurt, and where that cannot be told, one line each.

    Parameters
    ----------
    summary : DataFrame
        That of ``Comparison.summary``.
    baseline : str
    outcomes : list
        All outcomes, in the order in which they are named.
    n_folds : int
    adjust : {"holm", "fdr_bh"} or None
    alpha : float

    Returns
    -------
    str
    """
    if summary.empty:
        return f"Nothing to compare {baseline} with."
    lines = []
    if len(outcomes) == 1:
        lines.append("With one outcome there is nothing to share: the estimators differ in their penalties only.")
    for verdict, words in ((HELPED, "helped"), (HURT, "hurt")):
        rows = summary[summary["verdict"] == verdict]
        rows = rows.reindex(rows["gain"].abs().sort_values(ascending=False, kind="stable").index)
        per_outcome: dict[Any, list[str]] = {}
        for row in rows.itertuples():
            per_outcome.setdefault(row.outcome, []).append(
                f"{row.estimator} {row.gain:+.1f}% [{row.low:+.1f}, {row.high:+.1f}]"
            )
        found = [f"{outcome} ({', '.join(said)})" for outcome, said in per_outcome.items()]
        lines.append(f"Sharing {words}: {_listed(found) if found else 'nowhere beyond chance'}.")
    clear = set(summary.loc[summary["verdict"] != UNCLEAR, "outcome"])
    rest = [str(outcome) for outcome in outcomes if outcome not in clear]
    lines.append(f"No evidence either way: {_listed(rest) if rest else 'none'}.")
    if n_folds < 2:
        lines.append("(One fold gives neither intervals nor verdicts: give several.)")
        return "\n".join(lines)
    tested = int(summary["p"].notna().sum())
    if tested > 1:
        wrong = alpha * tested
        about = f"{wrong:.0f}" if wrong >= 1.5 else "1" if wrong >= 0.5 else "none"
        lines.append(f"({_ADJUSTED[adjust].format(m=tested, level=f'{100 * alpha:.3g}%', wrong=about)}.)")
    return "\n".join(lines)


def _listed(items: list[str]) -> str:
    more = len(items) - _LONGEST
    return "; ".join(items[:_LONGEST]) + (f"; and {more} more" if more > 0 else "")


__all__ = ["in_words"]
