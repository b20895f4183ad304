"""One caller at a time in one place, and no other kept waiting."""

from __future__ import annotations

import asyncio

import pytest

from passrole.services.embedded.locks import Locks, place


def test_places() -> None:
    assert place("sqs", "1", "eu-west-1") == ("1", "eu-west-1", "sqs")
    # They work in EC2's tables.
    assert place("rds", "1", "eu-west-1") == place("ec2", "1", "eu-west-1")
    # A bucket's name is unique over accounts and regions.
    assert place("s3", "1", "eu-west-1") == place("s3control", "2", "us-east-1")
    assert (
        place("route53", "1", "eu-west-1") == place("route53", "1", "us-east-1") != place("route53", "2", "x")
    )


def test_one_at_a_time() -> None:
    locks = Locks()
    inside: list[str] = []
    most: list[int] = []

    async def work(where: tuple[str, str, str]) -> None:
        async with locks.held(where):
            inside.append(where[0])
            await asyncio.sleep(0)
            most.append(inside.count(where[0]))
            inside.remove(where[0])

    async def play() -> None:
        await asyncio.gather(*(work((account, "r", "s")) for account in "aaabbb"))

    asyncio.run(play())
    assert most == [1] * 6
    assert locks._locks == {}
    assert locks._users == {}


def test_other_places_go_on() -> None:
    locks = Locks()

    async def play() -> None:
        async with locks.held(("a", "r", "s")):
            async with asyncio.timeout(1), locks.held(("b", "r", "s")):
                pass
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), locks.held(("a", "r", "s")):
                    pass

    asyncio.run(play())
    assert locks._locks == {}
