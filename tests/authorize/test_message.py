"""Encoded authorization messages."""

from __future__ import annotations

import re

import pytest

from passrole.authorize import message

KEY = bytes(range(32))
PAYLOAD = {"allowed": False, "context": {"action": "iam:PassRole", "resource": "arn:aws:iam::1:role/r"}}


def test_a_message_opens_with_its_key_only() -> None:
    sealed = message.seal(PAYLOAD, KEY)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", sealed)
    assert message.open(sealed, KEY) == PAYLOAD
    with pytest.raises(message.InvalidAuthorizationMessage):
        message.open(sealed, bytes(32))


def test_the_same_payload_never_looks_the_same() -> None:
    assert message.seal(PAYLOAD, KEY) != message.seal(PAYLOAD, KEY)


def test_a_changed_message_does_not_open() -> None:
    sealed = message.seal(PAYLOAD, KEY)
    for place in (0, len(sealed) // 2, len(sealed) - 2):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(message.InvalidAuthorizationMessage):
            message.open(changed, KEY)


@pytest.mark.parametrize("text", ["", "x", "not a message", "Zm9v", "é", "A" * 10240])
def test_what_is_no_message_does_not_open(text: str) -> None:
    with pytest.raises(message.InvalidAuthorizationMessage) as caught:
        message.open(text, KEY)
    assert (caught.value.code, caught.value.status) == ("InvalidAuthorizationMessageException", 400)
