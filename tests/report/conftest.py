"""Comparisons to make pages of, and a reader of pages that looks for what must not be there."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from skmtl.linear_model import MultiTaskLasso
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks, PooledTasks

EVIL = [
    "<script>alert(1)</script>", "=1+1", "=cmd|'/C calc'!A0", '"><img src=x onerror=alert(1)>',
    "日本語 الأمراض \U0001fac0", "$x^2$ & $\\frac{1}{2}$", "L" * 200, "L" * 100 + "M" + "L" * 99, "new\nline\ttab",
    "--><b>", "javascript:alert(1)", "ctrl\x01\x0b", "</style><style>*{display:none}", "]]>", "&lt;b&gt;",
    "' onmouseover='x", "<svg onload=alert(1)>",
]  # fmt: skip
ELEMENTS = set(
    "html head meta title style body header nav main section footer h1 h2 h3 p a b bdi br code pre span div ul ol li "
    "dl dt dd table caption thead tbody tr th td figure figcaption svg g path use text tspan defs clippath rect image "
    "lineargradient stop polygon circle".split()
)
VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: every element closed in its turn, known, without scripts and without addresses."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ELEMENTS, tag
        given = dict(attributes)
        assert len(given) == len(attributes)
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "srcset", "action", "data"), (tag, name)
            if name == "href":
                assert value.startswith(("#", "data:image/png;base64,")), value
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        raise AssertionError(f"<{tag}/> is not HTML")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def find(self, name: str) -> list[dict[str, str | None]]:
        return [given for tag, given in self.tags if tag == name]


def hostile(n_rows: int = 48, n_outcomes: int = 60):
    """Names of every bad kind, on features and on outcomes."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(n_rows, len(EVIL))), columns=EVIL)
    effect = rng.normal(size=(len(EVIL), 1)) * (np.arange(len(EVIL)) < 3)[:, None]
    names = [*EVIL, *(f"outcome {t}" for t in range(n_outcomes - len(EVIL)))]
    Y = pd.DataFrame(X.to_numpy() @ effect + rng.normal(size=(n_rows, n_outcomes)), columns=names)
    return X, Y.mask(rng.random(Y.shape) < 0.2)


def mixed(n_rows: int = 90):
    """Two numbers, of which sharing helps none much, and a yes/no outcome."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=["age", "bmi", "crp"])
    score = X["age"] + X["bmi"]
    Y = pd.DataFrame({"ldl": score + rng.normal(size=n_rows), "hdl": -score + rng.normal(size=n_rows)})
    Y = Y.mask(rng.random(Y.shape) < 0.2)
    Y["died"] = np.where(score + rng.logistic(size=n_rows) > 0, "yes", "no")
    X.loc[:4, "bmi"] = np.nan
    return X.fillna(0.0).where(X.notna(), 0.0), Y, X


@pytest.fixture(scope="session")
def hostile_found():
    X, Y = hostile()
    models = {
        "independent": IndependentTasks(Ridge()),
        "<b>pooled</b>": PooledTasks(Ridge()),
        "lasso": MultiTaskLasso(alpha=0.3),
    }
    return compare(X, Y, models, cv=3, preprocessor=StandardScaler(), random_state=0, return_estimator=True)


@pytest.fixture(scope="session")
def mixed_found():
    X, Y, _ = mixed()
    single = {"ldl": Ridge(), "hdl": Ridge(), "died": LogisticRegression()}
    strong = {"ldl": Ridge(1e3), "hdl": Ridge(1e3), "died": LogisticRegression(C=1e-3)}
    models = {"independent": IndependentTasks(single), "shrunk": IndependentTasks(strong)}
    return compare(X, Y, models, cv=5, random_state=0, return_estimator=True)
