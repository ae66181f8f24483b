"""A page as text: what it may grow to, and what its styles still do."""

from __future__ import annotations

import tracemalloc

import pytest

from cocmail.adapters.html import html_to_text


@pytest.mark.parametrize(
    "markup",
    [
        "<div style='padding-left: 100000em'>" + "<br>x" * 60,
        "<div style='PADDING-START: 99999em; display:block'>" * 10 + "<br>x" * 60,
        "<p style='margin-top: 100000em; margin-bottom: 9999em'>x</p>" * 20,
        "<table><tr><td>" + "A" * 50_000 + "</td><td>b</td></tr>"
        + "<tr><td>a</td><td>b</td></tr>" * 200 + "</table>",
        ("<table><tr><td>" + "A" * 2_000 + "</td><td>b</td></tr>"
        + "<tr><td>a</td><td>b</td></tr>" * 50 + "</table>") * 40,
        "<ol>" * 240 + "<pre>x" + "\nx" * 30_000,
        "<ul>" * 240 + "<br>x" * 19_000,
        "<div>" * 240 + "<br>x" * 19_000,
        "<ul>" * 240 + "<p style='white&#45;space:pre'>" + "x\n" * 60_000,
        "<ol><li value=" + "9" * 4_000 + ">" + "<li>x" * 5_000,
    ],
    ids=["padding", "nested padding", "margins", "a table", "tables", "lines far to the right",
         "breaks", "blocks", "a style in disguise", "a long number"],
)  # fmt: skip
def test_a_page_says_no_more_than_what_stands_in_it(markup: str) -> None:
    """Promise 1: blanks that a page asks for would fill the daemon's memory."""
    tracemalloc.start()
    try:
        text = html_to_text(markup)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "x" in text or "AAA" in text
    assert peak < 10_000_000  # bytes


def test_a_page_that_grows_much_is_told_shortly() -> None:
    text = html_to_text("<div>" * 20 + "<br>x" * 19_000)
    assert text.split() == ["x"] * 19_000
    assert len(text) < 40_000


@pytest.mark.parametrize("nested", ["<b>", "<b></i>", "<b><p></b>", "<table><tr><td>", "<p><q>"])
def test_what_is_nested_too_deep_to_be_shown_well_is_shown(nested: str) -> None:
    """Promise 1: the words in front of it hid a report."""
    text = html_to_text("<p>" + "covering text " * 400 + "</p>" + nested * 300 + "He hit me.")
    assert "He hit me." in text
    assert "covering text" in text


@pytest.mark.parametrize("attributes", ["a=b " * 300, "a " * 5_000, "a='>' " + "b " * 5_000])
def test_a_tag_of_many_attributes_is_not_compared(
    attributes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 24,000 libxml2 compares each with all others, and nothing else runs for 1.5 s."""

    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr("cocmail.adapters.html.document_fromstring", parsed)
    assert "He hit me." in html_to_text(f"<p {attributes}>He hit me.</p>")


@pytest.mark.parametrize(
    ("start", "number"),
    [("3", 3), (" 12 ", 12), ("0", 0), ("x", 1), ("-2", 1), ("9" * 10, 1), ("²", 1)],
)
def test_a_list_goes_on_where_it_was_left(start: str, number: int) -> None:
    text = html_to_text(f"<ol><li>a</ol><p>then<ol start='{start}'><li>b<li>c</ol>")
    assert f"{number}. b" in text
    assert f"{number + 1}. c" in text


def test_lists_are_set_in_and_numbered() -> None:
    text = html_to_text("<ol><li>a<ul><li>b</ul><li value=7>c<li>d</ol>" + "<ul>" * 9 + "<li>e")
    lines = [line for line in text.splitlines() if line]
    assert lines[:4] == [" 1. a", "      + b", " 7. c", " 8. d"]
    assert lines[4].endswith(" e")
    assert len(lines[4]) == 21


@pytest.mark.parametrize(
    "style",
    [
        "display:none;display:block",
        "display: none ; Display : Block",
        "display:block!important;display:none",
        "display:none!;color:red",
        "display:none !mine",
        "/* display:none; */color:red",
        "/*x;display:none;y*/color:red",
        "color:red;/*;display:none",
        "dis/**/play:none",
        "font-family:'a;display:none;b'",
        "font-family:&quot;a;display:none;b&quot;",
        "background:url(x;display:none;y)",
        "background:url('(x);display:none;y)",
        "foo:{;display:none;}",
        "font-family:&quot;a\\&quot;;display:none;b&quot;&quot;",
        "display::none",
        "display:none none",
        "display:none'x'",
        "display:none(x)",
        "-x-display:none",
        "mso-hide:all",
        "max-height:0;overflow:hidden",
        "visibility:hidden",
        "font-size:0",
    ],
)
def test_what_mail_programs_show_is_shown(style: str) -> None:
    """Promise 1: of a report words were missing that everybody else saw."""
    text = html_to_text(f'<p>He waited for me at the bar.</p><p style="{style}">He hit me.</p>')
    assert text.split("\n\n") == ["He waited for me at the bar.", "He hit me."]


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY:NONE",
        "display&#58;none",
        "color:red;\ndisplay\t:\fnone",
        "display:block;display:none",
        "display:none!important;display:block",
        "display:none! Important",
        "display:/* x;y */none",
        "font-family:'Segoe UI';background:url(x);display:none",
    ],
)
def test_what_no_mail_program_shows_is_hidden(style: str) -> None:
    text = html_to_text(f'<p>He waited for me at the bar.</p><p style="{style}">He hit me.</p>')
    assert text == "He waited for me at the bar."


def test_a_block_stays_one_however_it_is_displayed() -> None:
    text = html_to_text("<div>one</div><div style='display:flex'>two</div><p style='display:x'>3")
    assert text.split() == ["one", "two", "3"]


def test_tables_stand_beside_each_other_and_styles_hide() -> None:
    rows = "<tr><td>who</td><td>when</td></tr><tr><td>Mal</td><td>at night</td></tr>"
    hidden = "<p style='color: red; Display : none'>bought</p><p style='white-space: pre'>a   b</p>"
    text = html_to_text(f"<table>{rows}</table>{hidden}")
    lines = [line for line in text.splitlines() if line]
    assert lines == ["who  when", "Mal  at night", "a   b"]
