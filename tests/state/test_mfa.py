"""One-time codes. Source of the vectors: RFC 6238, appendix B (SHA-1), cut to six digits."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from passrole.state import mfa
from passrole.state.credentials import MfaDevice
from passrole.state.directory import Directory
from passrole.state.entities import User

SEED = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DEVICE = MfaDevice(account="111122223333", name="phone", seed=SEED, created=NOW)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert mfa.code_at(SEED, seconds // mfa.STEP) == code


def test_a_code_holds_one_step_around_and_once() -> None:
    current = mfa.current_step(NOW)
    for step in (current - 1, current, current + 1):
        assert mfa.step_of(DEVICE, mfa.code_at(SEED, step), NOW) == step
    for step in (current - 2, current + 2):
        assert mfa.step_of(DEVICE, mfa.code_at(SEED, step), NOW) is None
    used = replace(DEVICE, last_step=current)
    assert mfa.step_of(used, mfa.code_at(SEED, current), NOW) is None
    assert mfa.step_of(used, mfa.code_at(SEED, current + 1), NOW) == current + 1


def test_a_request_proves_the_users_own_device_only() -> None:
    directory = Directory()
    alice = User(account=DEVICE.account, name="alice", id="AIDAALICE", created=NOW)
    bob = User(account=DEVICE.account, name="bob", id="AIDABOB", created=NOW)
    device = replace(DEVICE, user_id=alice.id, enabled=NOW)
    for entity in (alice, bob, device):
        directory.put(entity)
    good = mfa.code_at(SEED, mfa.current_step(NOW))
    assert mfa.proven(directory, alice, device.arn, good, NOW)
    assert not mfa.proven(directory, bob, device.arn, good, NOW)
    assert not mfa.proven(directory, None, device.arn, good, NOW)
    assert not mfa.proven(directory, alice, f"{device.arn}2", good, NOW)
    assert not mfa.proven(directory, alice, device.arn, mfa.code_at(SEED, mfa.current_step(NOW) + 9), NOW)
    assert not mfa.proven(directory, alice, None, good, NOW)
    assert not mfa.proven(directory, alice, device.arn, None, NOW)


def test_a_pair_must_be_in_a_row() -> None:
    current = mfa.current_step(NOW)
    codes = [mfa.code_at(SEED, current - 1), mfa.code_at(SEED, current), mfa.code_at(SEED, current + 1)]
    assert mfa.pair_step(DEVICE, codes[0], codes[1], NOW) == current
    assert mfa.pair_step(DEVICE, codes[0], codes[2], NOW) is None
    assert mfa.pair_step(DEVICE, codes[1], codes[0], NOW) is None
