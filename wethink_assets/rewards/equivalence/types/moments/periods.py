"""Periods: decades, centuries, quarters and halves of a year, seasons, fiscal years and years of an era."""

import re

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.types.cues import Cues

PIVOT = 30
"""Last two-digit year of this century."""
SEASONS = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn", "winter": "winter"}
_PART = r"(?:(early|mid|late|beginning of|end of)[\s-]+(?:the )?)?"
_DECADE = re.compile(rf"{_PART}(\d{{3}}0|'?\d0)'?s")
_CENTURY = re.compile(
    rf"{_PART}(\d{{1,2}})(?:st|nd|rd|th)[\s-](century|millennium|c)\.?\s?(bce?|b\.c\.(?:e\.)?|ad|a\.d\.|ce)?"
)
_QUARTER = re.compile(
    r"q([1-4])[\s,'/-]*(?:of |in )?(?:fy\s?)?'?(\d{4}|\d{2})?|(?:fy\s?)?(\d{4})[\s,/-]*q([1-4])|([1-4])q[\s']*(\d{4}|\d{2})|"
    r"([1-4])(?:st|nd|rd|th) quarter(?:,?(?: of| in)?(?: the year)?(?: fy)? ?(\d{4}))?|quarter ([1-4])(?:,?(?: of| in)? (\d{4}))?|"
    r"(\d{4}) ([1-4])(?:st|nd|rd|th) quarter"
)
_HALF_YEAR = re.compile(
    r"h([12])[\s,'/-]*(\d{4}|\d{2})|(\d{4})[\s,/-]*h([12])|(?:(1)st|(2)nd) half(?: of| in)? (\d{4})"
)
_OF_SEASON = re.compile(
    r"(?:(early|mid|late)[\s-])?(spring|summer|autumn|fall|winter)(?:,?(?: of| in)? ('?\d{2}|\d{4}(?:[-/]\d{2,4})?))?|"
    r"(\d{4}) (spring|summer|autumn|fall|winter)"
)
_ABOUT = re.compile(r"(?:c\.?|ca\.?|circa)\s?(?=\d)")
_ERA = re.compile(
    r"(\d{1,6}|\d{1,3},\d{3})\s?(bce?|b\.c\.(?:e\.)?|b\.c|ad|a\.d\.|a\.d|ce|c\.e\.)|(ad|a\.d\.)\s?(\d{1,4})"
)
_FISCAL = re.compile(r"(?:fy|fiscal year|financial year)[\s-]?'?(\d{4}|\d{2})(?:[-/](\d{2}|\d{4}))?")


def period_of(text: str, cues: Cues) -> str | None:
    """The key of a decade, century, quarter, season, fiscal year or year of an era."""
    text = text.removeprefix("the ").removeprefix("in the ")
    if text[:1].isalpha() and not NUMBER_WORDS.isdisjoint(text.replace("-", " ").split()):
        text = " ".join(spelled_out(text.replace("-", " ").split()))
    match = _DECADE.fullmatch(text)
    if match:
        year = match[2]
        if len(year) == 2 and cues.head != "date":
            bare = not cues.head and not cues.unit and match[1] is None and year[1] == "0"
            return f"{year}s" if bare else None  # seconds, where something is asked that may be measured
        return f"{match[1] or ''} {full_year(year.lstrip(chr(39)))}s".lstrip() if cues.head != "duration" else None
    match = _CENTURY.fullmatch(text)
    if match:
        era = "bc" if (match[4] or "").startswith("b") else "ad"
        name = "millennium" if match[3] == "millennium" else "century"
        return f"{match[1] or ''} {name} {int(match[2])} {era}".lstrip()
    match = _QUARTER.fullmatch(text)
    if match:
        g = match.groups()
        number, year = next(
            (n, y)
            for n, y in ((g[0], g[1]), (g[3], g[2]), (g[4], g[5]), (g[6], g[7]), (g[8], g[9]), (g[11], g[10]))
            if n
        )
        return f"q{number} {full_year(year) if year else ''}".rstrip()
    match = _HALF_YEAR.fullmatch(text)
    if match:
        return f"h{match[1] or match[4] or match[5] or match[6]} {full_year(match[2] or match[3] or match[7])}"
    match = _OF_SEASON.fullmatch(text)
    if match and (match[3] or match[4] or cues.head == "date"):
        year = (match[3] or match[4] or "").lstrip("'")
        year = str(full_year(year)) if len(year) == 2 else year.replace("/", "-")
        return f"{match[1] or ''} {SEASONS[match[2] or match[5]]} {year}".strip()
    match = _FISCAL.fullmatch(text)
    if match:
        return f"fiscal year {full_year(match[1])}" + (f"-{match[2][-2:]}" if match[2] else "")
    about = _ABOUT.match(text)
    core = text[about.end() :] if about else text
    match = _ERA.fullmatch(core)
    if match:
        before = (match[2] or "").startswith("b")
        return f"{'about ' if about else ''}{int((match[1] or match[4]).replace(',', ''))} {'bc' if before else 'ad'}"
    return f"about {int(core)}" if about and len(core) in (3, 4) and core.isdecimal() else None


def full_year(year: str) -> int:
    """A year of two digits in full."""
    return int(year) if len(year) > 2 else int(year) + (2000 if int(year) <= PIVOT else 1900)
