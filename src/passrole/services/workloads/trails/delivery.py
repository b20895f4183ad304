"""The delivery of trails: every few seconds, what was recorded since goes to where each trail wants it.

CloudTrail writes to a bucket and a topic as itself, so their own policies decide, at each delivery anew, and
the key's where a trail has one; to CloudWatch Logs it writes with the role that the trail was passed. A file
that cannot be put is tried again with the next round, and nothing after it is delivered before; AWS does so
for 30 days. Events that cannot be written to CloudWatch Logs are not kept for later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson
from msgspec.structs import replace

from passrole.authorize.call import Call
from passrole.services.agents import Ports, Told
from passrole.services.cloudtrail.destinations import CLOUDTRAIL
from passrole.services.targets import Handing
from passrole.services.workloads.trails import digests
from passrole.services.workloads.trails.files import File, made
from passrole.services.workloads.trails.log_groups import LogGroups
from passrole.services.workloads.trails.objects import Objects
from passrole.services.workloads.trails.selection import Selection
from passrole.state.organization import Member, organization_of
from passrole.state.records.identity import service_identity
from passrole.state.store import StoreUnavailable
from passrole.state.trail import Event
from passrole.state.trails import (
    DELIVERED_BY,
    DigestChain,
    DigestKey,
    LogFile,
    TrailDefinition,
    TrailDelivery,
)
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

SECONDS: Final = 5.0  # between two rounds; CloudTrail takes five minutes
_BLOCK: Final = 4000  # events read at once: some five megabytes
_OFFERED: Final = 20_000
_DIGEST_EVERY: Final = timedelta(hours=1)

_BY_CLOUDTRAIL: Final = service_identity(CLOUDTRAIL).user_identity


@dataclass(slots=True)
class _Work:
    """What is kept of a trail between two rounds. files are what is left of the block that ends at end."""

    position: int
    files: list[File] = field(default_factory=list)
    end: int = 0


class TrailsDelivery:
    """One task for all trails."""

    def __init__(self, ports: Ports, seconds: float = SECONDS, handing: Handing | None = None) -> None:
        self._ports = ports
        self._directory = ports.directory
        self._objects = Objects(ports)
        self._groups = LogGroups(ports)
        self._seconds = seconds
        self._handing = handing
        self._work: dict[str, _Work] = {}
        self._offered: dict[str, None] = {}  # ids of the newest events that EventBridge has had
        self._changed = asyncio.Event()
        self._stopping = False
        self._seen = -1  # the trail's newest event after the last round in which nothing was left
        self._task: asyncio.Task[None] | None = None
        self.watches: Mapping[str, Told] = {"cloudtrail": self._told}

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="trails-delivery")

    def reset(self) -> None:
        """No trail is left."""
        self._work.clear()
        self._seen = -1

    async def stop(self) -> None:
        """Delivers the rest, with its digests. Raises StoreUnavailable."""
        if self._task is None:
            return
        self._stopping = True
        self._changed.set()
        await self._task

    def _told(self, call: Call, output: object) -> None:
        if call.operation in ("StopLogging", "UpdateTrail", "PutEventSelectors"):
            self._seen = -1
        if call.operation == "StopLogging":
            self._changed.set()

    async def _run(self) -> None:
        while not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._seconds)
            self._changed.clear()
            await self._guarded(final=False)
        await self._guarded(final=True)

    async def _guarded(self, *, final: bool) -> None:
        try:
            if final:
                await self._ports.history.flush()
            await self._round(final=final)
        except StoreUnavailable as error:
            log.error("trails could not be delivered: %s", error)
        except Exception:  # the next round tries again
            log.exception("trails could not be delivered")

    async def _round(self, *, final: bool) -> None:
        newest = self._ports.history.newest()
        trails = [trail for trail in self._directory.everywhere(TrailDefinition) if trail.started is not None]
        for arn in self._work.keys() - {trail.arn for trail in trails}:
            del self._work[arn]
            self._groups.forget(arn)
        if not trails:
            return
        if final or newest != self._seen:
            self._seen = newest
            for trail in trails:
                if not await self._deliver(trail, newest, final=final):
                    self._seen = -1
        for trail in trails:
            if trail.validation:
                await self._digest(trail, final=final)
            else:
                await self._break(trail)

    # Log files

    async def _deliver(self, trail: TrailDefinition, newest: int, *, final: bool) -> bool:
        """Everything durable up to newest; False where something is left."""
        patient = trail.logging and not final
        work = self._work.get(trail.arn)
        if work is None:
            kept = self._directory.by_key(TrailDelivery, trail.account, trail.arn)
            work = self._work[trail.arn] = _Work(kept.position if kept is not None else trail.first)
        if work.position < trail.first:
            work.position, work.files = trail.first, []
        until = newest if trail.last is None else min(newest, trail.last)
        organization, members = self._organization(trail)
        takes = Selection(trail, members).takes
        while True:
            if not work.files:
                if work.position >= until:
                    return True
                block = await asyncio.to_thread(self._ports.history.after, work.position, _BLOCK)
                block = [numbered for numbered in block if numbered[0] <= until]
                if not block:
                    return until == trail.last  # else some are not durable yet
                now = self._ports.now()
                files = await asyncio.to_thread(made, block, takes, trail, organization, now)
                last = block[-1][0] >= until
                if files and last and patient and all(_own(one) for file in files for one in file.events):
                    # What deliveries themselves record, of the key or the bucket, waits for something else to
                    # be delivered with: else each round would be the reason of the next.
                    return True
                work.files = files
                work.end = block[-1][0]
                if not work.files:
                    work.position = work.end  # durable with the next file
                    continue
            if not await self._put_files(trail, work):
                return False
            work.position = work.end

    async def _put_files(self, trail: TrailDefinition, work: _Work) -> bool:
        """Puts what is left of a block's files, tells of them, and makes the position durable."""
        delivered: list[File] = []
        error = ""
        for file in work.files:
            error = await self._objects.put(trail, file.key, file.body, file.region, {})
            if error:
                break
            delivered.append(file)
        work.files = work.files[len(delivered) :]
        for file in delivered:
            self._offer(trail, file)
        notices = await self._notify(trail, delivered) if trail.topic and delivered else None
        logs = await self._groups.write(trail, delivered) if trail.log_group and delivered else None
        if self._directory.by_key(TrailDefinition, trail.account, trail.key) is None:
            return True  # deleted meanwhile
        now = self._ports.now().replace(microsecond=0)
        state = self._state(trail)
        state = replace(state, files=state.files.after(now, error))
        if not work.files:
            state = replace(state, position=work.end)
        if notices is not None:
            state = replace(state, notices=state.notices.after(now, notices))
        if logs is not None:
            state = replace(state, logs=state.logs.after(now, logs))
        self._directory.put(state)
        if trail.validation:
            for file in delivered:
                self._note(trail, file)
        await self._ports.commit(())
        return not error

    def _offer(self, trail: TrailDefinition, file: File) -> None:
        """Delivered events are EventBridge's, too: writes only, each in its own account and region.

        An account with several trails has an event once, from the trail that took it first.
        Source: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".
        """
        if self._handing is None or not self._handing.listens(file.account, file.region):
            return
        for event in file.events:
            if event.read_only or event.id in self._offered:
                continue
            self._offered[event.id] = None
            if len(self._offered) > _OFFERED:
                del self._offered[next(iter(self._offered))]
            self._handing.offer(
                file.account,
                file.region,
                {
                    "version": "0",
                    "id": self._ports.ids.uuid(),
                    "detail-type": "AWS API Call via CloudTrail",
                    "source": f"aws.{event.source.removesuffix('.amazonaws.com')}",
                    "account": file.account,
                    "time": event.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "region": file.region,
                    "resources": [],
                    "detail": orjson.loads(event.record),
                },
            )

    async def _notify(self, trail: TrailDefinition, files: Sequence[File]) -> str:
        """One message for the files of a block. Returns SNS's error code, "" where it was taken."""
        arn = trail.topic_arn
        account, region = arn.split(":")[4], arn.split(":")[3]
        act = self._ports.acting.as_service(CLOUDTRAIL, source_arn=trail.arn, account=account, region=region)
        message = orjson.dumps(
            {"s3Bucket": trail.bucket, "s3ObjectKey": [file.key for file in files]}
        ).decode()
        try:
            await act.call("sns", "Publish", {"TopicArn": arn, "Message": message})
        except ServiceError as error:
            log.info("%s: no message to %s: %s", trail.arn, arn, error)
            return error.code
        return ""

    # Digests

    def _note(self, trail: TrailDefinition, file: File) -> None:
        """Remembers a delivered file for the next digest of its account and region."""
        times = [event.time for event in file.events]
        self._directory.put(
            LogFile(
                account=file.account,
                trail=trail.arn,
                region=file.region,
                bucket=trail.bucket,
                object=file.key,
                hash=file.hash,
                oldest=min(times),
                newest=max(times),
            )
        )
        key = f"{trail.arn}/{file.region}"
        if self._directory.by_key(DigestChain, file.account, key) is None:
            since = trail.started or trail.created
            self._directory.put(
                DigestChain(account=file.account, trail=trail.arn, region=file.region, since=since)
            )

    async def _digest(self, trail: TrailDefinition, *, final: bool) -> None:
        """Digests whose hour is over; at the end of a trail or of the run all that have something to say."""
        kept = self._directory.referring(DELIVERED_BY, trail.arn)
        chains = [one for one in kept if isinstance(one, DigestChain)]
        files = [one for one in kept if isinstance(one, LogFile)]
        now = self._ports.now()
        for chain in chains:
            own = [file for file in files if (file.account, file.region) == (chain.account, chain.region)]
            ended = not trail.logging
            if not (now - chain.since >= _DIGEST_EVERY or ended or (final and own)):
                continue
            if own or not ended:
                await self._put_digest(trail, chain, own, now)
            if ended:
                # Whoever starts the trail again starts a new chain.
                last = self._directory.by_key(DigestChain, chain.account, chain.key)
                if last is not None:
                    self._directory.delete(last)
                    await self._ports.commit(())

    async def _break(self, trail: TrailDefinition) -> None:
        """A trail whose validation was switched off: its chain ends, and a later one begins anew."""
        gone = [
            one
            for one in self._directory.referring(DELIVERED_BY, trail.arn)
            if isinstance(one, DigestChain | LogFile)
        ]
        for one in gone:
            self._directory.delete(one)
        if gone:
            await self._ports.commit(())

    async def _put_digest(
        self, trail: TrailDefinition, chain: DigestChain, files: Sequence[LogFile], now: datetime
    ) -> None:
        key = await self._key(chain.region, now)
        organization, _ = self._organization(trail)
        digest = await asyncio.to_thread(digests.digest, trail, organization, chain, files, key, now)
        error = await self._objects.put(trail, digest.key, digest.body, chain.region, digest.metadata)
        if self._directory.by_key(TrailDefinition, trail.account, trail.key) is None:
            return
        state = self._state(trail)
        self._directory.put(replace(state, digests=state.digests.after(now.replace(microsecond=0), error)))
        if not error:
            self._directory.put(digest.chain)
            for file in files:
                if self._directory.by_key(LogFile, file.account, file.key) is not None:
                    self._directory.delete(file)
        await self._ports.commit(())

    async def _key(self, region: str, now: datetime) -> DigestKey:
        """The region's key pair of now; made where there is none."""
        for key in self._directory.everywhere(DigestKey):
            if key.region == region and key.start <= now <= key.end:
                return key
        key = await asyncio.to_thread(digests.new_key, region, now)
        self._directory.put(key)
        return key

    def _state(self, trail: TrailDefinition) -> TrailDelivery:
        kept = self._directory.by_key(TrailDelivery, trail.account, trail.arn)
        return kept or TrailDelivery(account=trail.account, trail=trail.arn, position=trail.first)

    def _organization(self, trail: TrailDefinition) -> tuple[str, frozenset[str]]:
        """The id of a trail's organization and its accounts; nothing for a trail of one account."""
        organization = organization_of(self._directory, trail.account) if trail.organization else None
        if organization is None:
            return "", frozenset()
        members = self._directory.all(Member, organization.account)
        return organization.id, frozenset(member.id for member in members)


def _own(event: Event) -> bool:
    """Is it CloudTrail's own doing?"""
    return not event.username and _BY_CLOUDTRAIL in event.record
