"""Charts as drawings of a page: any script, nothing cut, the colours of the page."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

from kamlib.page.site import stylesheet
from kamlib.plots import style
from kamlib.plots.svg import drawing


def test_a_chart_is_text_that_any_script_can_render(recwarn):
    names = [
        "東京電機株式会社",
        "شركة النور",
        "తెలుగు కంపెనీ",
        "e\u0301",
        "😀",
        "A$B$C",
        "\x00\ud800x",
    ]
    ax = style.axes(8, 4)
    ax.barh(names[:6], range(6))
    ax.text(1, 1, names[6])
    done = drawing(ax.figure)
    texts = [text.get_text() for text in BeautifulSoup(done.svg, "html.parser").find_all("text")]
    assert set(names[:6]) <= set(texts) and "x" in texts
    assert not [w for w in recwarn if "lyph" in str(w.message)]


def test_nothing_of_a_chart_is_cut():
    ax = style.axes(4, 2)
    ax.plot([0, 1])
    ax.set_position([0.1, 0.1, 0.8, 0.8])
    ax.figure.set_layout_engine("none")
    style.label(ax, 1, 1, "a long label far beyond the right")
    assert drawing(ax.figure).width > 4 * 72 + 80


def test_two_charts_share_no_names_and_the_same_chart_is_the_same_bytes():
    def one(height):
        ax = style.axes(6, 3)
        ax.scatter(range(9), [height] * 9, color=style.COLOURS["A"])
        return drawing(style.titles(ax, "Found", "what").figure)

    first, second = one(1), one(2)
    ids = [re.findall(r'id="([^"]+)"', chart.svg) for chart in (first, second)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    assert one(1) == first
    assert (first.finding, first.subtitle) == ("Found", "what") and "Found" not in first.svg
    assert not re.search(r"<style|metadata|matplotlib|xmlns|font-family|\d\.\d{4}", first.svg)


def test_colours_of_charts_and_pages_agree_in_light_and_dark():
    light, dark = stylesheet().split("@media screen and (prefers-color-scheme: dark)", 1)
    for said, palette in ((light, style.COLOURS), (dark, style.DARK)):
        found = dict(re.findall(r"--kam-([a-z]+): (#[0-9a-f]{6})", said.split("* {")[0]))
        assert {word: found[word.lower()] for word in palette} == palette
    assert f"--kam-ink: {style.INK}" in light


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_used_for_text_can_be_read_and_marks_can_be_seen():
    for palette, paper in ((style.COLOURS, "#ffffff"), (style.DARK, "#12161c")):
        assert (
            min(
                contrast(palette[word], paper)
                for word in ("accent", "good", "bad", "quiet", "actual", "key")
            )
            >= 4.5
        )
        assert (
            min(contrast(palette[word], paper) for word in ("A", "B", "X", "Y", "active", "lost"))
            >= 3
        )


def test_every_mark_is_drawn_though_neighbours_share_a_group():
    ax = style.axes(4, 2)
    ax.axis("off")
    for row in range(6):
        ax.plot([row], [row], marker="s", linestyle="", color="#bf3f0a" if row == 3 else "#0b7768")
    svg = drawing(ax.figure).svg
    assert len(re.findall(r"<use ", svg)) == 6
    assert svg.count('<g clip-path="') < 6
