"""A team's service: who comes in, whose turn it is, what is said where there is no room."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs.config import TeamConfig
from lsfs.safety.grants import Grant
from lsfs.serve import api
from lsfs.syscalls.registry import Effect
from tests.web.team_world import NAME, Future, World, world

LIMITS = TeamConfig(running=1, waiting=2, queue=3, seconds=60.0, drain=60.0)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, LIMITS) as made:
        for name in ("ada", "ben", "cleo"):
            made.join(name)
        yield made


# --- who comes in


def test_without_a_good_token_nothing_is_said(team: World) -> None:
    ada = team.tokens["ada"]
    ended = team.join("dan", days=-1)
    for token in ("", "x", ada[:-1], ada + "x", ada.replace("lsfs_", ""), ended):
        answer = team.api(token, "ask", {"question": "rent?"})
        assert answer.status == 401 and answer.json["error"]["code"] == "Unauthorized", token
        assert answer.headers["www-authenticate"] == "Bearer"
    assert team.request("GET", "/").status == team.request("GET", "/api/v1").status == 401
    assert b"library" not in team.request("GET", "/health").body.replace(b"This library", b"")
    assert team.drive.asked == []
    kept = (team.members._file.path.read_text(), oct(team.members._file.path.stat().st_mode)[-3:])
    assert ada.rpartition("_")[2] not in kept[0] and kept[1] == "600"


def test_a_call_is_made_in_the_members_name_and_grant(team: World) -> None:
    team.join("eve", Grant(paths=("Legal/**",), verbs=("search",)))
    team.drive.release()
    answer = team.api("eve", "ask", {"question": "rent?", "conversation": "one"})
    assert answer.status == 200 and answer.json["answer"] == "to rent?"
    (asks,) = team.drive.asks
    assert (asks.client.door, asks.client.name, asks.client.proven) == ("api", "eve", True)
    assert asks.grant == Grant(paths=("Legal/**",), verbs=("search",))


def test_a_browser_comes_in_by_a_form_and_leaves(team: World) -> None:
    token = team.tokens["ada"]
    here = f"http://127.0.0.1:{team.port}"
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        wrong = team.post("/enter", {"token": token}, **headers)
        assert wrong.status == 403 and "set-cookie" not in wrong.headers
    assert team.post("/enter", {"token": token + "x"}).status == 401
    entered = team.post("/enter", {"token": token}, Origin=here)
    assert entered.status == 303
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly; SameSite=Strict" in cookie and "Secure" not in cookie
    mine = {"Cookie": cookie.partition(";")[0]}
    team.drive.release()
    page = team.request("GET", "/ask?q=rent", headers=mine)
    assert page.status == 200 and "to rent" in page.text and ">ada</span>" in page.text
    assert team.drive.asks[-1].client.door == "web"
    assert team.request("POST", "/api/v1/ask", "{}", headers=mine).status == 401  # not by cookie
    assert team.post("/leave", {}, **mine).status == 303
    assert team.request("GET", "/ask?q=rent", headers=mine).status == 401


def test_through_the_proxy_cookies_are_for_tls_alone(team: World) -> None:
    through = {"Host": NAME, "Origin": f"https://{NAME}"}
    cookie = team.post("/enter", {"token": team.tokens["ada"]}, **through).headers["set-cookie"]
    assert cookie.startswith("__Host-lsfs=") and "Secure" in cookie
    mine = {"Cookie": cookie.partition(";")[0]}
    team.drive.release()
    assert team.request("GET", "/ask?q=x", headers={**mine, "Host": NAME}).status == 200
    assert team.request("GET", "/ask?q=x", headers=mine).status == 401  # by another name
    for host in ("evil.example", f"{NAME}.evil.example", ""):
        assert team.request("GET", "/", headers={**mine, "Host": host}).status == 421
    assert team.post("/enter", {}, Host=NAME, Origin=f"http://{NAME}").status == 403


def test_a_token_that_was_ended_takes_its_cookies_along(team: World) -> None:
    cookie = team.post("/enter", {"token": team.tokens["ben"]}).headers["set-cookie"]
    mine = {"Cookie": cookie.partition(";")[0]}
    team.drive.release()
    assert team.request("GET", "/ask?q=x", headers=mine).status == 200
    team.members.remove("ben")
    assert team.request("GET", "/ask?q=x", headers=mine).status == 401
    assert team.api("ben", "ask", {"question": "x"}).status == 401
    team.join("ben")
    assert team.request("GET", "/ask?q=x", headers=mine).status == 401


def test_the_api_is_made_from_the_registry(team: World) -> None:
    reading, all_ = api.offered(allow_write=False), api.offered(allow_write=True)
    assert {"search", "ask", "ls", "read", "trash-list"} <= set(reading) < set(all_)
    assert all(one.effect is Effect.READ for one in reading.values())
    assert {"audit-list", "fsck", "purge", "share", "kv-status"}.isdisjoint(all_)
    assert len({one.name for one in all_.values()}) == len(all_)
    ada = {"Authorization": f"Bearer {team.tokens['ada']}"}
    told = team.request("GET", "/api/v1", headers=ada).json
    assert set(told["paths"]) == {f"/api/v1/{name}" for name in reading}
    ask = told["paths"]["/api/v1/ask"]["post"]["requestBody"]["content"]["application/json"]
    assert ask["schema"]["$ref"].rpartition("/")[2] in told["components"]["schemas"]
    for call, method, status in (("srch", "POST", 404), ("write", "POST", 404), ("ask", "GET", 405),
                                 ("../ask", "POST", 404)):  # fmt: skip
        answer = team.request(method, f"/api/v1/{call}", headers=ada)
        assert (answer.status, answer.json["schema"]) == (status, 1)
    foreign = team.request("POST", "/api/v1/ask", "{}", {**ada, "Host": "evil.example"})
    assert (foreign.status, foreign.json["error"]["code"]) == (421, "AccessDenied")
    for body in ("[", "[1]", '"x"', "[" * 100_000, '{"question": "\\ud800"}'):
        assert team.request("POST", "/api/v1/ask", body, ada).status == 400
    assert team.request("POST", "/api/v1/ask", "x" * (api.MOST_BYTES + 1), ada).status == 413


def test_an_answer_comes_in_parts(team: World) -> None:
    question = {"question": "rent?"}
    team.drive.release()
    told = team.api("ada", "ask", question, api.LINES).text
    lines = [json.loads(line) for line in told.splitlines()]
    assert lines[0] == {"event": {"text": "first words"}}
    assert lines[1]["result"]["answer"] == "to rent?" and len(lines) == 2
    events = team.api("ada", "ask", question, api.EVENTS).text.split("\n\n")
    assert events[0] == 'event: event\ndata: {"text": "first words"}'
    assert events[1].startswith('event: result\ndata: {"schema": 1,')


# --- whose turn it is


def waiting(team: World, count: int) -> None:
    team.drive.await_(lambda: team.team.turns.of["asks"].waiting == count)


def test_at_overload_each_request_has_one_answer(team: World) -> None:
    sent: dict[str, Future] = {}
    for name, question in (("ada", "a1"), ("ada", "a2"), ("ada", "a3"), ("ben", "b1")):
        sent[question] = team.asking(name, question)
        team.drive.await_(
            lambda: len(sent) == len(team.drive.asked) + team.team.turns.of["asks"].waiting
        )
    mine = team.api("ada", "ask", {"question": "a4"})
    assert mine.status == 429 and mine.json["error"]["code"] == "TooManyRequests"
    full = team.api("cleo", "ask", {"question": "c1"})
    assert full.status == 503 and full.json["error"]["code"] == "QueueFull"
    for answer in (mine, full):
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert "try again in" in answer.json["error"]["hint"]
    assert team.drive.asked == ["a1"]
    for number in range(4):  # one after the other, round the members
        team.drive.release(team.drive.asked[number])
        team.drive.await_(lambda: len(team.drive.asked) >= min(4, number + 2))  # noqa: B023
    assert team.drive.asked == ["a1", "a2", "b1", "a3"]
    assert {one.result().json["answer"] for one in sent.values()} == {f"to {one}" for one in sent}
    told = team.metrics()
    assert told['lsfs_requests_total{route="api ask",status="200"}'] == 4
    for status, reason in ((429, "TooManyRequests"), (503, "QueueFull")):
        assert told[f'lsfs_requests_total{{route="api ask",status="{status}"}}'] == 1
        assert told[f'lsfs_queue_refused_total{{queue="asks",reason="{reason}"}}'] == 1
    assert (
        told['lsfs_queue_wait_seconds_count{queue="asks"}'] == told["lsfs_ask_seconds_count"] == 4
    )


def gone(team: World, name: str, question: str) -> socket.socket:
    """A client that has asked, and can go."""
    client = socket.create_connection(("127.0.0.1", team.port), timeout=60)
    body = json.dumps({"question": question})
    client.sendall(
        f"POST /api/v1/ask HTTP/1.1\r\nHost: 127.0.0.1:{team.port}\r\nAuthorization: Bearer "
        f"{team.tokens[name]}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return client


def test_who_goes_leaves_the_queue_and_ends_their_question(team: World) -> None:
    runs, waits = gone(team, "ada", "runs"), None
    team.drive.await_(lambda: team.drive.asked == ["runs"])
    waits = gone(team, "ben", "waits")
    waiting(team, 1)
    waits.close()
    waiting(team, 0)
    stays = team.asking("cleo", "stays")
    waiting(team, 1)
    runs.close()
    team.drive.await_(lambda: team.drive.cancelled == ["runs"])
    team.drive.release("stays")
    assert stays.result().status == 200
    assert team.drive.asked == ["runs", "stays"]


def test_what_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with world(tmp_path, TeamConfig(seconds=0.2)) as team:
        team.join("ada")
        answer = team.api("ada", "ask", {"question": "rent?"})
        assert answer.status == 504 and answer.json["error"]["code"] == "TookTooLong"
        parts = team.api("ada", "ask", {"question": "rent?"}, api.LINES).text.split("\n")
        assert json.loads(parts[-2])["error"]["code"] == "TookTooLong"
        assert team.drive.cancelled == ["rent?"] * 2


def test_the_end_waits_for_who_is_there(team: World) -> None:
    runs, waits = team.asking("ada", "runs"), None
    team.drive.await_(lambda: team.drive.asked == ["runs"])
    waits = team.asking("ben", "waits")
    waiting(team, 1)
    assert team.request("GET", "/ready").status == 200
    assert team.server is not None
    team.server.stop()
    deadline = time.monotonic() + 60
    while (late := team.request("GET", "/ready")).status == 200:
        assert time.monotonic() < deadline
    assert late.text == "ending\n"
    refused = team.api("cleo", "ask", {"question": "late"})
    assert refused.status == 503 and refused.json["error"]["code"] == "ShuttingDown"
    team.drive.release()
    assert (runs.result().status, waits.result().status) == (200, 200)


def test_what_does_not_end_is_told_so(tmp_path: Path) -> None:
    with world(tmp_path, TeamConfig(running=1, drain=0.1)) as team:
        team.join("ada")
        runs, waits = team.asking("ada", "runs"), None
        team.drive.await_(lambda: team.drive.asked == ["runs"])
        waits = team.asking("ada", "waits")
        waiting(team, 1)
        assert team.server is not None
        team.server.stop()
        for asked, code in ((runs, "Ending"), (waits, "ShuttingDown")):
            answer = asked.result()
            assert int(answer.headers["retry-after"]) > 0
            assert (answer.status, answer.json["error"]["code"]) == (503, code)


# --- the metrics


def test_the_metrics_name_no_file_question_or_member(team: World) -> None:
    for token in ("", "Bearer x", f"Bearer {team.tokens['ada']}"):
        assert team.request("GET", "/metrics", headers={"Authorization": token}).status == 401
    team.drive.release()
    team.api("ada", "ask", {"question": "secret salary"})
    team.request("GET", "/file/Payroll/salary.pdf")
    team.api("ada", "no-such-call-payroll")
    answer = team.request("GET", "/metrics", headers={"Authorization": "Bearer look"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for word in ("salary", "ada", "payroll", "Payroll", team.tokens["ada"]):
        assert word not in answer.text
    told = team.metrics()
    assert told['lsfs_index_files{state="indexed"}'] == 3 and told["lsfs_up"] == 1
    assert told["lsfs_model_memory_bytes"] == 77
    by_address = {"Host": "10.0.0.5:8378", "Authorization": "Bearer look"}  # another machine's way
    assert team.request("GET", "/metrics", headers=by_address).status == 200
    assert team.request("GET", "/ready", headers=by_address).status == 200
    assert team.request("GET", "/", headers=by_address).status == 421
    assert told['lsfs_queue_places{queue="asks"}'] == 1
