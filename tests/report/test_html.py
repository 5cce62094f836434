"""Escaping is what happens unless one says otherwise."""

from __future__ import annotations

import pytest

from skmtl._html import Html, escape, join, tag


def test_text_and_attributes_are_escaped():
    made = tag("p", "<script>", title="\" onload='x", class_="a")
    assert made == '<p title="&quot; onload=&#x27;x" class="a">&lt;script&gt;</p>'


def test_elements_are_kept_and_lists_flattened():
    items = (tag("li", k) for k in range(2))
    assert tag("ul", [items, None]) == "<ul><li>0</li><li>1</li></ul>"
    assert join(["a<", tag("br")]) == "a&lt;<br>"


def test_sums_and_formats_of_elements_are_text_again():
    assert tag("p", tag("b", "x") + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"
    assert tag("p", f"{tag('b', 'x')}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert not isinstance(Html("a") + Html("b"), Html)


def test_attributes_without_a_value_and_left_out():
    assert tag("details", open=True, id=None, hidden=False) == "<details open></details>"
    assert tag("div", aria_label="a b") == '<div aria-label="a b"></div>'


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a\x00b\x1b", "a\ufffdb\ufffd"), ("half \ud83d", "half ?"), ("tab\tline\n", "tab\tline\n"), (1.5, "1.5")],
)
def test_characters_that_no_page_can_show(given, shown):
    assert escape(given) == shown
    escape(given).encode("utf-8")
