"""Who is let in: not by another name of this machine, not from another page, not without a link."""

from __future__ import annotations

import contextlib
import time

import pytest
from starlette.testclient import TestClient

from lsfs.safety.shares import Shares
from lsfs.serve.access import Access
from lsfs.serve.shared import PREFIX, SharedFiles
from lsfs.web.app import VIEWS, guarded
from tests.web.conftest import BASE, LEASE, NOTES, PORT, Shown

PATHS = [*(path.replace("{path:path}", NOTES) for path in VIEWS), "/nothing", "/.git"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_shown_without_the_cookie(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "docs" not in answer.text  # not even what the drive is called
    assert stranger.post(path, headers={"Origin": BASE}).status_code == 401


@pytest.mark.parametrize("host", [
    "evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}",
    f"127.0.0.1:{PORT + 1}", f"localhost.evil:{PORT}", f"0.0.0.0:{PORT}", "",
])  # fmt: skip
def test_another_name_of_this_machine_is_refused(web: TestClient, host: str) -> None:
    assert web.get("/", headers={"Host": host}).status_code == 421
    assert web.get("/static/style.css", headers={"Host": host}).status_code == 421


def test_both_names_of_this_machine_are_ours(web: TestClient) -> None:
    assert web.get("/").status_code == 200
    cookie = web.headers | {"Cookie": "; ".join(f"{k}={v}" for k, v in web.cookies.items())}
    answer = web.get("/", headers={**cookie, "Host": f"localhost:{PORT}"})
    assert answer.status_code == 200


def test_two_hosts_are_none(web: TestClient) -> None:
    hosts = [("Host", f"127.0.0.1:{PORT}"), ("Host", "evil.example")]
    assert web.get("/", headers=hosts).status_code == 421


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"https://127.0.0.1:{PORT}"},
    {"Origin": f"http://127.0.0.1:{PORT + 1}"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
])  # fmt: skip
def test_requests_of_other_pages_are_refused(web: TestClient, headers: dict[str, str]) -> None:
    assert web.get("/", headers=headers).status_code == 403


def test_what_changes_something_needs_an_origin_and_the_forms_token(
    web: TestClient, shown: Shown
) -> None:
    address = f"/rollback/{NOTES}"
    fields = {"version": "1", "form": shown.pages.form_token}
    before = (shown.source / NOTES).read_bytes()
    assert web.post(address, data=fields).status_code == 403
    assert web.get(address).status_code == 405
    ours = {"Origin": BASE}
    assert web.post(address, data={"version": "1"}, headers=ours).status_code == 403
    wrong = {**fields, "form": "x" * 43}
    assert web.post(address, data=wrong, headers=ours).status_code == 403
    assert web.post(address, data=fields, headers=ours).status_code == 200  # a plan
    assert (shown.source / NOTES).read_bytes() == before


def test_a_link_lets_in_once(shown: Shown, stranger: TestClient) -> None:
    token = shown.gate.ticket()
    for wrong in ("", token[:-1], token + "x", "\u00e9"):
        assert stranger.get("/enter", params={"token": wrong}).status_code == 401
    assert stranger.get("/").status_code == 401
    let_in = stranger.get("/enter", params={"token": token})
    assert let_in.status_code == 200
    cookie = let_in.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert let_in.headers["cache-control"] == "no-store"
    assert stranger.get("/").status_code == 200
    assert stranger.get("/enter", params={"token": token}).status_code == 401


def test_links_to_shared_files_ask_for_no_cookie(shown: Shown, access: Access) -> None:
    until_ns = time.time_ns() + 10**12
    _, token = Shares(access.record.state.shares).make("Notes", until_ns, 0, "ada")
    with contextlib.closing(SharedFiles(access.record)) as files:
        gate = guarded(shown.pages, PORT, more=files.routes, open_to=[PREFIX])
        with TestClient(gate, base_url=BASE) as anybody:
            link = f"{PREFIX}{token}/rules.txt"
            answer = anybody.get(link, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.content == (shown.source / NOTES).read_bytes()
            assert "sandbox" in answer.headers["content-security-policy"]
            assert anybody.head(link).headers["content-length"] == str(len(answer.content))
            assert anybody.get(link, headers={"Host": "evil.example"}).status_code == 421
            assert anybody.get(link, headers={"Origin": "http://evil.example"}).status_code == 403
            assert anybody.get(f"{PREFIX}{token}/../{LEASE}").status_code in (401, 404)
            assert anybody.get("/").status_code == 401


def test_every_answer_has_the_policy(web: TestClient) -> None:
    for path in ("/", "/nothing", f"/download/{NOTES}", "/static/style.css", "/enter"):
        headers = web.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy and "http" not in policy and "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_other_methods_are_refused(web: TestClient) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert web.request(method, "/", headers={"Origin": BASE}).status_code == 405
