"""What all displays share: colours, labels that fit, axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

# Okabe and Ito (2008): told apart with any kind of colour vision, and in print by their lightness.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#707070"
CYCLE = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D00")
# Never colour alone: each verdict has its marker too.
VERDICTS = {
    "helped": {"color": BLUE, "marker": "o"},
    "hurt": {"color": VERMILION, "marker": "X"},
    "no evidence": {"color": GREY, "marker": "|"},
}
# The more, the darker, as on paper.
DIVERGING, SEQUENTIAL = "RdBu_r", "cividis_r"
# Where the font in use lacks a letter one of these is asked for it, where it is installed.
_OTHER_SCRIPTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei",
    "Malgun Gothic", "WenQuanYi Zen Hei", "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
    "Noto Sans Thai", "Segoe UI", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji",
)  # fmt: skip


def import_pyplot(caller: str) -> Any:
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'{caller} draws with matplotlib: pip install "skmtl[plot]".') from error
    return plt


def new_axes(ax: Any, caller: str, figsize: tuple[float, float]) -> tuple[Any, Any]:
    """The figure and axes to draw on: those given, else new ones of this size in inches."""
    plt = import_pyplot(caller)
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax.figure, ax


def shorten(names: Iterable[Hashable], width: int = 28) -> list[str]:
    """Labels of at most ``width`` characters that stay different and are never read as mathematics.

    Long names lose their middle, as their ends tell them apart; names that collide then get their number.
    """
    full = [" ".join(str(name).split()) or "(no name)" for name in names]
    short = [_middle_out(name, width) for name in full]
    if len(set(short)) < len(set(full)):
        times = Counter(short)
        short = [
            label if times[label] == 1 else f"{_middle_out(name, width - len(str(k)) - 3)} ({k})"
            for k, (name, label) in enumerate(zip(full, short, strict=True), start=1)
        ]
    return [label.replace("$", r"\$") for label in short]


def in_legend(label: str) -> str:
    """The label; a legend leaves out what begins with an underscore, but not after a space without width."""
    return f"\u200b{label}" if label.startswith("_") else label


def find_letters(figure: Any) -> None:
    """Let texts that are not plain ASCII take letters from other fonts, where these are installed.

    The font that matplotlib comes with has Latin, Greek, Cyrillic, Arabic and Hebrew letters, but no Chinese, Japanese
    or Korean ones: names in these would be empty boxes.
    """
    from matplotlib.font_manager import fontManager
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if not text.get_text().isascii()]
    if not texts:
        return
    installed = set(fontManager.get_font_names())
    others = [name for name in _OTHER_SCRIPTS if name in installed]
    for text in texts:
        text.set_fontfamily([*text.get_fontfamily(), *others])


def _middle_out(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"
