"""Phrases for moments of the past are read exactly, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lsfs.clock import FixedClock
from lsfs.errors import UsageError
from lsfs.syscalls.moments import moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 14, 30, 20, tzinfo=BERLIN)  # a Monday
SNAPSHOTS = {"before the move": 1_700_000_000_000_000_123, "yesterday's": 5, "2026-11-20": 7}
END = ".999999999"

# What it says, and local time; END is the end of that second.
READ = {
    "now": "2026-11-23 14:30:20",
    "Now": "2026-11-23 14:30:20",
    "today": "2026-11-23 14:30:20",
    "yesterday": "2026-11-22 23:59:59" + END,
    "Yesterday": "2026-11-22 23:59:59" + END,
    "  yesterday ": "2026-11-22 23:59:59" + END,
    "the day before yesterday": "2026-11-21 23:59:59" + END,
    "last night": "2026-11-22 23:59:59" + END,
    "yesterday 15:00": "2026-11-22 15:00:00",
    "yesterday at 15:00": "2026-11-22 15:00:00",
    "yesterday, 15:00": "2026-11-22 15:00:00",
    "yesterday at 3pm": "2026-11-22 15:00:00",
    "yesterday 3 p.m.": "2026-11-22 15:00:00",
    "3pm yesterday": "2026-11-22 15:00:00",
    "15:00 yesterday": "2026-11-22 15:00:00",
    "at 15:00 on monday": "2026-11-16 15:00:00",
    "yesterday noon": "2026-11-22 12:00:00",
    "noon yesterday": "2026-11-22 12:00:00",
    "today 9:15": "2026-11-23 09:15:00",
    "14:00": "2026-11-23 14:00:00",
    "at 14:00": "2026-11-23 14:00:00",
    "15:00": "2026-11-22 15:00:00",
    "9am": "2026-11-23 09:00:00",
    "noon": "2026-11-23 12:00:00",
    "midnight": "2026-11-23 00:00:00",
    "12am": "2026-11-23 00:00:00",
    "12:15 pm": "2026-11-23 12:15:00",
    "2026-11-22": "2026-11-22 23:59:59" + END,
    "2026-11-22 10:00": "2026-11-22 10:00:00",
    "2026-11-22T10:00": "2026-11-22 10:00:00",
    "2026-11-22T10:00:05": "2026-11-22 10:00:05" + END,
    "2026-11-22 10:00:05": "2026-11-22 10:00:05" + END,
    "2026-11-22T10:00:05.25": "2026-11-22 10:00:05.259999999",
    "2026-11-22T10:00:05.123456789": "2026-11-22 10:00:05.123456789",
    "2026-11-22T10:00Z": "2026-11-22 11:00:00",
    "2026-11-22t10:00z": "2026-11-22 11:00:00",
    "2026-11-22T10:00:00Z": "2026-11-22 11:00:00" + END,
    "2026-11-22 10:00 UTC": "2026-11-22 11:00:00",
    "2026-11-22T10:00:00+05:30": "2026-11-22 05:30:00" + END,
    "2026-11-22T10:00-0500": "2026-11-22 16:00:00",
    "2026-07-01 10:00": "2026-07-01 10:00:00",
    "22.11.2026": "2026-11-22 23:59:59" + END,
    "22.11.2026 15:00": "2026-11-22 15:00:00",
    "3 March 2026": "2026-03-03 23:59:59" + END,
    "March 3, 2026 at 8:00": "2026-03-03 08:00:00",
    "24 december": "2025-12-24 23:59:59" + END,
    "3 days ago": "2026-11-20 23:59:59" + END,
    "three days ago": "2026-11-20 23:59:59" + END,
    "a week ago": "2026-11-16 23:59:59" + END,
    "2 weeks ago": "2026-11-09 23:59:59" + END,
    "a month ago": "2026-10-23 23:59:59" + END,
    "a year ago": "2025-11-23 23:59:59" + END,
    "3 days ago 15:00": "2026-11-20 15:00:00",
    "3 days ago at 3pm": "2026-11-20 15:00:00",
    "2 hours ago": "2026-11-23 12:30:20",
    "two hours ago": "2026-11-23 12:30:20",
    "2h ago": "2026-11-23 12:30:20",
    "an hour ago": "2026-11-23 13:30:20",
    "half an hour ago": "2026-11-23 14:00:20",
    "an hour and a half ago": "2026-11-23 13:00:20",
    "1.5 hours ago": "2026-11-23 13:00:20",
    "90 minutes ago": "2026-11-23 13:00:20",
    "1 hour 30 minutes ago": "2026-11-23 13:00:20",
    "1 hour and 30 minutes ago": "2026-11-23 13:00:20",
    "2 days and 3 hours ago": "2026-11-21 11:30:20",
    "a couple of hours ago": "2026-11-23 12:30:20",
    "5 min ago": "2026-11-23 14:25:20",
    "30 seconds ago": "2026-11-23 14:29:50",
    "monday": "2026-11-16 23:59:59" + END,
    "on monday": "2026-11-16 23:59:59" + END,
    "last monday": "2026-11-16 23:59:59" + END,
    "monday 9am": "2026-11-23 09:00:00",
    "monday 16:00": "2026-11-16 16:00:00",
    "last monday 9am": "2026-11-16 09:00:00",
    "Friday": "2026-11-20 23:59:59" + END,
    "last friday at noon": "2026-11-20 12:00:00",
    "last week": "2026-11-22 23:59:59" + END,
    "last month": "2026-10-31 23:59:59" + END,
    "last year": "2025-12-31 23:59:59" + END,
    "2026-10": "2026-10-31 23:59:59" + END,
    "October 2026": "2026-10-31 23:59:59" + END,
    "2025": "2025-12-31 23:59:59" + END,
    "before yesterday": "2026-11-21 23:59:59" + END,
    "until friday": "2026-11-20 23:59:59" + END,
    "gestern": "2026-11-22 23:59:59" + END,
    "gestern um 15:00": "2026-11-22 15:00:00",
    "vor zwei stunden": "2026-11-23 12:30:20",
    "vor 3 tagen": "2026-11-20 23:59:59" + END,
    "il y a 2 heures": "2026-11-23 12:30:20",
    "hace tres dias": "2026-11-20 23:59:59" + END,
    "due ore fa": "2026-11-23 12:30:20",
}  # fmt: skip


def _ns(local: str) -> int:
    whole, _, fraction = local.partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=BERLIN).timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


@pytest.mark.parametrize("text", READ)
def test_reads(text: str) -> None:
    assert moment(text, FixedClock(NOW), SNAPSHOTS, zone=BERLIN) == _ns(READ[text])


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_snapshot_is_found_by_its_name_before_all_else(name: str) -> None:
    assert moment(f" {name} ", FixedClock(NOW), SNAPSHOTS, zone=BERLIN) == SNAPSHOTS[name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no moment"),
        ("   ", "no moment"),
        ("banana", "not a moment: 'banana'"),
        ("yesterday morning", "not a moment"),
        ("banana 15:00", "'banana' is not understood"),
        ("yesterday 25:00", "'25:00': there is no such time"),
        ("yesterday 15:61", "there is no such time"),
        ("13pm", "there is no such time"),
        ("0am", "there is no such time"),
        ("2026-02-30", "not a moment"),
        ("2026-13-01 10:00", "not understood"),
        ("2026-11-22T10:00+99:00", "no such zone"),
        ("last month 15:00", "no day"),
        ("2 hours ago 15:00", "not understood"),
        ("0.5 months ago", "not a moment"),
        ("1 month and 2 hours ago", "not a moment"),
        ("a few days ago", "not a moment"),
        ("since monday", "has no end"),
        ("this week", "not over yet"),
        ("2026", "not over yet"),
        ("the last 3 weeks", "not over yet"),
        ("tomorrow", "still to come"),
        ("next monday", "still to come"),
        ("2027-01-01", "still to come"),
        ("today 23:00", "still to come"),
        ("1850-01-01", "not a moment"),
        ("yesterday and monday", "not a moment"),
        ("yesterday yesterday", "not a moment"),
        ("'; DROP TABLE version", "not a moment"),
        ("\x00", "not a moment"),
        ("9" * 5000, "not a moment"),
    ],
)
def test_refuses_with_a_reason_and_examples(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment(text, FixedClock(NOW), SNAPSHOTS, zone=BERLIN)
    assert said in caught.value.message
    assert "2 hours ago" in caught.value.hint


def test_names_a_snapshot_that_is_nearly_meant() -> None:
    with pytest.raises(UsageError) as caught:
        moment("before the moves", FixedClock(NOW), SNAPSHOTS)
    assert "'before the move'" in caught.value.hint


def test_hours_count_as_time_passes_where_the_clocks_change() -> None:
    # On 29 March 2026 at 2:00 it became 3:00.
    after = FixedClock(datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN))
    assert moment("1 hour ago", after, zone=BERLIN) == _ns("2026-03-29 01:30:00")
    assert moment("yesterday 3:15", after, zone=BERLIN) == _ns("2026-03-28 03:15:00")


def test_without_a_zone_it_is_the_systems() -> None:
    clock = FixedClock(NOW)
    local = datetime(2026, 11, 22, 15).astimezone().astimezone(UTC)
    assert moment("2026-11-22 15:00", clock) == int(local.timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("phrase", "day"),
    [("today", 24), ("yesterday", 23), ("2026-11-24", 24), ("this week", 23), ("this month", 1)],
)
def test_since_a_day_begins_with_it(phrase: str, day: int) -> None:
    clock = FixedClock(datetime(2026, 11, 24, 15, 30, tzinfo=UTC))
    found = moment(phrase, clock, zone=UTC, first=True)
    assert datetime.fromtimestamp(found / 1e9, UTC) == datetime(2026, 11, day, tzinfo=UTC)
