"""Identifiers carry their account, as AWS's do."""

from __future__ import annotations

import random

import pytest

from passrole.values.ids import Ids, account_of


@pytest.mark.parametrize("account", ["000000000001", "111122223333", "999999999999"])
def test_ids_of_an_account_share_eight_characters_and_name_it(account: str) -> None:
    ids = Ids(random.Random(1).randbytes)
    key, role = ids.access_key("ASIA", account), ids.unique("AROA", account)
    assert (len(key), len(role)) == (20, 21)
    assert key[4:12] == role[4:12]
    assert account_of(key) == account
    assert ids.access_key("ASIA", account) != key


@pytest.mark.parametrize("id", ["AKIAIOSFODNN7EXAMPLE", "AKIA", "AKIA0000000000000000", "", "ASIA89"])
def test_ids_of_another_form_name_no_account(id: str) -> None:
    assert account_of(id) == ""


def test_organizations_ids_are_lower_case() -> None:
    id = Ids(random.Random(1).randbytes).lower("o-", 10)
    assert id.startswith("o-")
    assert len(id) == 12
    assert id == id.lower()


def test_an_account_has_twelve_digits_and_no_leading_zero() -> None:
    ids = Ids(random.Random(1).randbytes)
    for _ in range(100):
        account = ids.account()
        assert len(account) == 12
        assert account.isdigit()
        assert account[0] != "0"
