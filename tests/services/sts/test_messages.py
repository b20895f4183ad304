"""DecodeAuthorizationMessage."""

from __future__ import annotations

import json

from tests.services.world import ACCOUNT, World

from passrole.authorize import message
from passrole.state.secret import message_key


def payload(account: str) -> dict[str, object]:
    return {
        "allowed": False,
        "explicitDeny": False,
        "context": {"principal": {"id": "AIDA", "arn": f"arn:aws:iam::{account}:user/alice"}},
    }


def test_a_refusal_of_the_own_account_is_told() -> None:
    world = World()
    sealed = message.seal(payload(ACCOUNT), message_key(world.directory))
    answer = world.call("sts:DecodeAuthorizationMessage", {"EncodedMessage": sealed})
    assert json.loads(str(answer["DecodedMessage"])) == payload(ACCOUNT)


def test_other_accounts_and_other_endpoints_messages_stay_closed() -> None:
    world, elsewhere = World(), World()
    other = world.account("222233334444")
    mine = message.seal(payload(ACCOUNT), message_key(world.directory))
    assert message_key(world.directory) == message_key(elsewhere.directory)  # the same seed of the tests
    theirs = message.seal(payload("222233334444"), message_key(world.directory))
    strange = message.seal(payload(ACCOUNT), bytes(32))
    for text in (theirs, strange, mine[:-4], "nonsense"):
        assert world.refused("sts:DecodeAuthorizationMessage", {"EncodedMessage": text})[:2] == (
            "InvalidAuthorizationMessageException",
            400,
        )
    assert world.call("sts:DecodeAuthorizationMessage", {"EncodedMessage": theirs}, key=other)
