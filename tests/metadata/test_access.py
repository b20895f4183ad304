"""Who may read metadata without a signature."""

from __future__ import annotations

import pytest

from passrole.metadata.access import Access
from passrole.wire.request import RawRequest


def asked(client: str = "127.0.0.1", **headers: str) -> RawRequest:
    named = {"host": "127.0.0.1:4747"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return RawRequest("GET", "/", "", tuple(named.items()), b"", client)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (asked(), ""),
        (asked("::1", host="[::1]:4747"), ""),
        (asked("::ffff:127.0.0.1"), ""),
        (asked(host="localhost:4747"), ""),
        (asked(host="passrole:4747"), ""),  # a container's service name
        (asked(host="host.docker.internal:4747"), ""),
        (asked(sec_fetch_site="none"), ""),  # typed into the address bar
        (asked("192.168.1.7"), "this machine only"),
        (asked("::ffff:192.168.1.7"), "this machine only"),
        (asked("nonsense"), "this machine only"),
        (asked(origin="http://127.0.0.1:4747"), "not for web pages"),
        (asked(origin="null"), "not for web pages"),
        (asked(sec_fetch_site="cross-site"), "not for web pages"),
        (asked(sec_fetch_site="same-site"), "not for web pages"),
        (asked(host="rebound.example.com:4747"), "not a name of this machine"),
        (asked(host="127.0.0.1.example.com"), "not a name of this machine"),
        (asked(host=""), "not a name of this machine"),
    ],
)
def test_metadata_are_for_the_own_machine(request_: RawRequest, problem: str) -> None:
    found = Access().problem(request_)
    assert (problem in found) if problem else (found == "")


def test_an_opened_endpoint_answers_other_machines_but_still_no_web_page() -> None:
    opened = Access(remote=True)
    assert opened.problem(asked("172.17.0.1")) == ""
    assert opened.problem(asked("172.17.0.1", origin="http://example.com")) != ""
    assert opened.problem(asked("172.17.0.1", host="rebound.example.com")) != ""
