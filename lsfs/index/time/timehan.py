"""Time phrases in Chinese and Japanese, which put no spaces between words.

The forms are few and regular: a year, month and day with their signs, a word that is said of it
behind ("before", "since", "until"), and words for the last, this and the next of a unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from lsfs.index.facts.dates import Days, month_days, one_day, year_days
from lsfs.index.time import timewords as w
from lsfs.model import DaySpan

HAN = re.compile("[一-鿿]")
_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九十")} | {"两": 2, "兩": 2}
_N = "(?:[0-9]{1,3}|[" + "".join(_DIGITS) + "])"
_DATE = (
    r"(?P<y{0}>(?:19|20)[0-9]{{2}})\s?年(?:度)?(?:\s?(?P<m{0}>1[0-2]|"
    r"0?[1-9])\s?月(?:\s?(?P<d{0}>[12][0-9]|3[01]|0?[1-9])"
    r"\s?[日号號])?|第?(?P<q{0}>[1-4一二三四])(?:季度|四半期)|(?P<h{0}>[上下])半年|(?P<hj{0}>[上下])期)?"
)
_TO = r"(?:\s?(?:至|到|から|[-~\uff5e\u2013\u2014])\s?"
_ABSOLUTE = re.compile(
    rf"(?<![0-9]){_DATE.format(1)}{_TO}(?:{_DATE.format(2)}|(?P<m3>1[0-2]|0?[1-9])\s?月"
    r"(?:\s?(?P<d3>[12][0-9]|3[01]|0?[1-9])\s?[日号號])?)(?:まで)?)?"
    r"(?P<role>之前|以前|より前|之后|以后|之後|以後|より後|以来|以來|以降|から|起|为止|為止|まで)?"
)
_ROLES = {
    "before": "之前 以前 より前", "after": "之后 以后 之後 以後 より後",
    "since": "以来 以來 以降 から 起", "until": "为止 為止 まで",
}  # fmt: skip
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_NAMED = {
    "-2 year": "前年", "-1 year": "去年 昨年", "0 year": "今年 本年", "1 year": "明年 来年",
    "-1 month": "上个月 上個月 上月 先月", "0 month": "本月 这个月 這個月 今月",
    "1 month": "下个月 下個月 下月 来月",
    "-1 week": "上周 上週 上星期 上个星期 上個星期 先週", "0 week": "本周 这周 本週 今週",
    "1 week": "下周 下週 来週",
    "-1 quarter": "上季度 上个季度", "0 quarter": "本季度",
    "-2 day": "前天 一昨日", "-1 day": "昨天 昨日", "0 day": "今天 今日", "1 day": "明天 明日",
}  # fmt: skip
_MEANT = {word: said for said, words in _NAMED.items() for word in words.split()}
_WORDS = "|".join(sorted(_MEANT, key=len, reverse=True))
_UNIT = "(?P<unit{0}>年間?|[个個かヶケ箇]?月|个?星期|周|週間?|天|日間?)"
_RELATIVE = re.compile(
    f"(?P<named>{_WORDS})(?!头条|頭條)(?P<role>以来|以來|以降|から)?"
    f"|(?:过去|過去|最近|近|この)(?P<n1>{_N}){_UNIT.format(1)}"
    f"|(?<![0-9])(?P<n2>{_N}){_UNIT.format(2)}(?:之前|以前|前)"
)


def find(text: str, today: date) -> Iterator[tuple[int, int, DaySpan, str]]:
    """The phrases of a text: start, end, the days meant and the role; in order of their forms."""
    if HAN.search(text) is None:
        return
    for match in _ABSOLUTE.finditer(text):
        days = _absolute(match)
        if days is not None:
            yield *match.span(), *_in_role(days, match["role"])
    for match in _RELATIVE.finditer(text):
        if match["named"]:
            count, unit = _MEANT[match["named"]].split()
            around = w.unit_around(today, unit)
            days = w.shift(around[0], int(count), unit), w.shift(around[0], int(count) + 1, unit)
            yield *match.span(), *_in_role(days, match["role"])
        else:
            yield *match.span(), DaySpan(*_counted(match, today)), ""


def _number(text: str) -> int:
    return int(text) if text.isascii() else _DIGITS[text]


def _absolute(match: re.Match[str]) -> Days | None:
    first = _days(match["y1"], match["m1"], match["d1"], match["q1"], match["h1"] or match["hj1"])
    second = first
    if match["y2"]:
        second = _days(
            match["y2"], match["m2"], match["d2"], match["q2"], match["h2"] or match["hj2"]
        )
    elif match["m3"]:
        second = _days(match["y1"], match["m3"], match["d3"], None, None)
    if first is None or second is None or second[1] < first[1]:
        return None
    return first[0], second[1]


def _days(
    year: str, month: str | None, day: str | None, quarter: str | None, half: str | None
) -> Days | None:
    of = int(year)
    if quarter:
        return month_days(of, _number(quarter) * 3 - 2, 3)
    if half:
        return month_days(of, 1 if half == "上" else 7, 6)
    if month is None:
        return year_days(of)
    return one_day(of, int(month), int(day)) if day else month_days(of, int(month))


def _counted(match: re.Match[str], today: date) -> Days:
    unit = _unit(match["unit1"] or match["unit2"])
    count = _number(match["n1"] or match["n2"])
    back = w.shift(today, -count, unit)
    return w.unit_around(back, unit) if match["n2"] else (back, w.shift(today, 1, "day"))


def _unit(written: str) -> str:
    for unit, signs in (("year", "年"), ("week", "周週"), ("month", "月")):
        if written[0] in signs or (unit == "month" and "月" in written):
            return unit
    return "week" if "星期" in written else "day"


def _in_role(days: Days, word: str | None) -> tuple[DaySpan, str]:
    role = _ROLE_OF.get(word or "", "")
    first, last = days
    if role == "before":
        return DaySpan(None, first), role
    if role == "until":
        return DaySpan(None, last), role
    if role in ("since", "after"):
        return DaySpan(first if role == "since" else last, None), role
    return DaySpan(first, last), role
