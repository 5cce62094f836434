"""Figures stand in the page as SVG that refers to nothing outside it and whose text is text."""

from __future__ import annotations

import numpy as np
import pytest
from report.conftest import EVIL, Reader

from skmtl._report._figures import figure

plt = pytest.importorskip("matplotlib.pyplot")


def draw(names=("a", "b")):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.imshow(np.eye(len(names)))
    ax.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names])
    ax.plot([0, 1], [0, 1], "o-")
    return fig


def test_names_stay_text():
    made = figure(lambda: draw(EVIL), "f", "alt <b>", "caption")
    page = Reader(str(made))
    texts = [text.strip() for text in page.texts]
    for name in EVIL:
        shown = " ".join(name.replace("\x01\x0b", "").split())
        assert [" ".join(text.split()) for text in texts].count(shown) == 1 or "\n" in name, name
    assert page.find("svg")[0]["aria-label"] == "alt <b>"
    assert "<!--" not in made
    assert "metadata" not in made


def test_ids_of_two_figures_differ_and_references_follow():
    one, two = (figure(draw, anchor, "alt", "caption") for anchor in ("one", "two"))
    ids = [{given["id"] for _, given in Reader(str(made)).tags if "id" in given} for made in (one, two)]
    assert len(ids[0]) > 5
    assert not ids[0] & ids[1]
    uses = Reader(str(one)).find("use")
    assert uses
    assert {given["href"][1:] for given in uses} <= ids[0]
    clips = {given["clip-path"] for _, given in Reader(str(one)).tags if "clip-path" in given}
    assert clips
    assert all(clip.removeprefix("url(#").removesuffix(")") in ids[0] for clip in clips)


def test_pictures_inside_are_data():
    image = Reader(str(figure(draw, "f", "alt", "caption"))).find("image")
    assert [given["href"][:22] for given in image] == ["data:image/png;base64,"]


def test_nothing_stays_open_and_the_same_drawing_is_the_same_text():
    before = plt.get_fignums()
    assert figure(draw, "f", "alt", "caption") == figure(draw, "f", "alt", "caption")
    assert plt.get_fignums() == before
