"""The review pack: six slides whose charts and tables can be edited, and nothing internal."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.period.snapshot import open_period
from kamlib.review.command import review_file
from kamlib.story import review as say
from kamlib.tables import shaped

from . import office

pptx = pytest.importorskip("pptx")
AS_OF = pd.Timestamp("2025-09-30")


@pytest.fixture(scope="module")
def slides(root, tmp_path_factory):
    made = tmp_path_factory.mktemp("review") / "review.pptx"
    return review_file(root / "data" / "sample", "A0004", "2025-Q3", "pptx", made)


def texts(file) -> list[str]:
    found = []
    for slide in pptx.Presentation(file).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if getattr(shape, "has_table", False) and shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
    return found


def test_six_slides_with_native_charts_and_tables_and_no_picture(slides):
    deck = pptx.Presentation(slides)
    assert len(deck.slides) == 6
    shapes = [shape for slide in deck.slides for shape in slide.shapes]
    assert sum(shape.has_chart for shape in shapes) == 2
    assert sum(shape.has_table for shape in shapes) >= 2
    assert not [shape for shape in shapes if shape.shape_type == 13]


def test_the_chart_holds_what_was_delivered(slides, root):
    q = open_period(root / "data" / "sample", "2025-Q3").account("A0004")
    (chart,) = [s.chart for s in pptx.Presentation(slides).slides[1].shapes if s.has_chart]
    drawn = sum(sum(one.values) for one in chart.plots[0].series)
    assert drawn == pytest.approx(q.category_history["revenue"].sum())


def test_the_client_reads_nothing_that_is_ours_alone(slides):
    said = " ".join(texts(slides)).casefold()
    for word in ("class a", "score", "wallet", "white space", "attitude", "at stake", "worth"):
        assert word not in said


def test_an_account_without_anything_on_record_leaves_room_to_fill():
    none = shaped("calendar", [])
    nothing = [shaped(name, []) for name in ("account_incidents", "feedback_topics")]
    plan = [shaped(name, []) for name in ("plan_actions", "plan_objectives")]
    every, none_ = frozenset({"incidents", "feedback"}), frozenset[str]()
    assert say.review_open(*nothing, *plan, present=every) == ("Nothing is open between us", [])
    assert say.review_open(*nothing, *plan, present=none_) == ("What is open between us?", [])
    assert say.review_dates(none, none.assign(what=""), plan[1])[1] == [("…", "Next meeting")]
    assert say.review_plan(plan[1])[1] == [("…", "…", "…")]
    old = shaped("promises_kept", {"due_count": [3, 0, 0, 0, 0], "on_time_count": [3, 0, 0, 0, 0]})
    title, lines = say.review_promises(old, nothing[0], present=every, as_of=AS_OF)
    assert title == "Promises: no delivery was due in the last 12 months"
    assert lines == ["Nothing went wrong in the last 12 months that we know of."]
    title, lines = say.review_promises(old.tail(0), nothing[0], present=none_, as_of=AS_OF)
    assert title == "Promises: when we delivered is not on record"
    assert lines == ["What went wrong? (Ask; nothing is on record yet.)"]
    whole = shaped("category_totals", {"category": ["(no category)"], "revenue": [9.0]})
    title, lines = say.review_delivered(whole, as_of=AS_OF, book=BookSettings(title="Demo"))
    assert title.startswith("What we delivered: ") and lines == []


def test_what_the_client_asked_for_and_is_not_settled_is_an_open_point():
    asked = {"account_id": "A", "asked_topic": ["stock", "price"], "unsettled_count": [1, 0]}
    topics = shaped("feedback_topics", {**asked, "last_asked_date": pd.Timestamp("2025-07-02")})
    rest = [shaped(name, []) for name in ("plan_actions", "plan_objectives")]
    title, rows = say.review_open(
        shaped("account_incidents", []), topics, *rest, present=frozenset({"feedback"})
    )
    assert title.startswith("1") and rows == [("You asked for: stock", "we", rows[0][2])]
    assert rows[0][2].startswith("since 2")


def test_what_is_to_be_won_back_is_ours_alone_and_what_we_propose_comes_first():
    """Both are open and due; of one kind *missed* is said."""
    rows = {"account_id": "A", "text": ["win back pens", "second plant"], "owner": "Ines"}
    rows |= {"kind": ["missed", "growth"], "status": "open", "due_date": pd.Timestamp("2025-11-01")}
    aims = shaped("plan_objectives", rows)
    offer = SimpleNamespace(programme=SimpleNamespace(offer="delivery within 48 hours"))
    said = [row[0] for row in say.review_plan(aims, offer)[1]]
    assert said == ["We propose: delivery within 48 hours", "second plant"]
    late = aims.assign(status="overdue")
    none = [shaped(name, []) for name in ("account_incidents", "feedback_topics", "plan_actions")]
    points = say.review_open(*none, late, present=frozenset())[1]
    assert [row[0] for row in points] == ["second plant"]
    steps = {"kind": "step", "about": rows["text"], "due_in": "90", "due_date": rows["due_date"]}
    dates = shaped("calendar", steps)
    told = dates.assign(what="worth 9")
    assert [row[1] for row in say.review_dates(dates, told, aims)[1]] == ["second plant"]


def test_a_form_that_is_none_is_said_so(root, tmp_path):
    with pytest.raises(KamError, match="no form 'odp'"):
        review_file(root / "data" / "sample", "A0004", "", "odp", tmp_path / "x.odp")


def test_it_opens_in_an_office_program_page_by_page(slides, tmp_path):
    (printed,) = office.converted("pdf", tmp_path, slides)
    content = printed.read_bytes()
    assert content.count(b"/Type/Page>>") + content.count(b"/Type/Page/") == 6
