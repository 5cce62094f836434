"""One table with everything that a name can be, 60 outcomes and few rows, through all four commands."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from skmtl.cli.app import app

EVIL = [
    "<script>alert(1)</script>", "=1+1", "@SUM(A1:A9)", "+cmd|' /C calc'!A0", "-2+3", "L" * 200,
    "L" * 100 + "M" + "L" * 99, "日本語の検査値", "ضغط الدم", "$x^2$", "_under_", "a,b", 'say "hi"',
    '"><img src=x onerror=alert(1)>', "\u03a9 \u00b5g/L \U0001fac0", "[red]b[/red]",
]  # fmt: skip
OUTCOMES = [*EVIL, *(f"outcome {t}" for t in range(60 - len(EVIL)))]
TARGETS = ",".join('"' + name.replace('"', '""') + '"' for name in OUTCOMES)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 3)), columns=["age", "=A1", "<b>体重</b>"])
    Y = pd.DataFrame(2 * X[["age"]].to_numpy() + rng.normal(size=(40, 60)), columns=OUTCOMES)
    pd.concat([X, Y.mask(rng.random(Y.shape) < 0.2)], axis=1).to_csv("table.csv", index=False)
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


class Texts(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)

    def handle_data(self, data):
        self.text += data


def test_audit_and_compare(here):
    audited = run("audit", "table.csv", "--targets", TARGETS)
    assert audited.exit_code == 0, audited.output
    assert "<script>" in audited.stdout
    pytest.importorskip("matplotlib")
    result = run("compare", "table.csv", "--targets", TARGETS, "--models", "pooled,mean", "--baseline", "pooled",
                 "--cv", "2", "--jobs", "1", "--report", "page.html", "--out", "results")  # fmt: skip
    assert result.exit_code == 0, result.output
    page = Texts(Path("page.html").read_text(encoding="utf-8"))
    assert not {"script", "img"} & page.elements
    assert [name for name in OUTCOMES if name not in page.text] == []
    for name in ("scores.csv", "predictions.csv"):
        # Names are data: they come back as they were, also those that a spreadsheet would take for formulas.
        assert set(pd.read_csv(here / "results" / name)["outcome"]) == set(OUTCOMES)


def test_fit_and_predict(here):
    fitted = run("fit", "table.csv", "--targets", TARGETS, "--model", "mean", "--save", "model.skops")
    assert fitted.exit_code == 0, fitted.output
    assert run("predict", "model.skops", "table.csv", "--out", "predicted.csv").exit_code == 0
    predicted = pd.read_csv("predicted.csv")
    assert predicted.columns.tolist() == OUTCOMES
    assert predicted.shape == (40, 60)
    assert np.isfinite(predicted.to_numpy()).all()


@pytest.mark.parametrize("name", ["=1+1", "<script>alert(1)</script>", "日本語の検査値", "[red]b[/red]"])
def test_an_outcome_with_three_rows_is_one_sentence(here, name):
    frame = pd.read_csv("table.csv")
    seen = np.flatnonzero(frame[name].notna())[:3]
    frame.loc[~frame.index.isin(seen), name] = np.nan
    frame.to_csv("short.csv", index=False)
    result = run("compare", "short.csv", "--targets", TARGETS, "--models", "independent,pooled", "--report",
                 "page.html", "--out", "results")  # fmt: skip
    assert result.exit_code == 2
    said = f"Outcome {name!r} has 3 observed values, too few for 5 folds: use at most 3 folds, or leave it out."
    assert result.stderr == f"Error: {said}\n"
    assert sorted(path.name for path in here.iterdir()) == ["short.csv", "table.csv"]
