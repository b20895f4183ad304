"""The delivery of trails: every few seconds, what was recorded since goes to where each trail wants it.

CloudTrail writes to a bucket and a topic as itself, so their own policies decide, at each delivery anew; to
CloudWatch Logs it writes with the role that the trail was passed. A file that cannot be put is tried again
with the next round, and nothing after it is delivered before; AWS does so for 30 days. Events that cannot be
written to CloudWatch Logs are not kept for later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson
from msgspec.structs import replace

from passrole.authorize.call import Call
from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports, Told
from passrole.services.cloudtrail.destinations import CLOUDTRAIL
from passrole.services.operation import ActAs
from passrole.services.targets import Handing
from passrole.services.workloads.trails import digests
from passrole.services.workloads.trails.files import File, made
from passrole.services.workloads.trails.selection import Selection
from passrole.state.organization import Member, organization_of
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
_SESSION_SECONDS: Final = 3600
_SESSION_NAME: Final = "CloudTrail"

# Bounds of one PutLogEvents call. Source: CloudWatch Logs API Reference.
_LOG_EVENTS: Final = 1000
_LOG_BYTES: Final = 1_000_000
_LOG_EVENT_EXTRA: Final = 26


@dataclass(slots=True)
class _Work:
    """What is kept of a trail between two rounds. files are what is left of the block that ends at end."""

    position: int
    files: list[File] = field(default_factory=list)
    end: int = 0
    logs: dict[str, ActAs] = field(default_factory=dict)  # the role that was taken, by region
    logs_until: datetime | None = None
    logs_role: str = ""


class TrailsDelivery:
    """One task for all trails."""

    def __init__(self, ports: Ports, seconds: float = SECONDS, handing: Handing | None = None) -> None:
        self._ports = ports
        self._directory = ports.directory
        self._facts = ports.facts
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
        if not trails:
            return
        if final or newest != self._seen:
            self._seen = newest
            for trail in trails:
                if not await self._deliver(trail, newest):
                    self._seen = -1
        for trail in trails:
            if trail.validation:
                await self._digest(trail, final=final)
            else:
                await self._break(trail)

    # Log files

    async def _deliver(self, trail: TrailDefinition, newest: int) -> bool:
        """Everything durable up to newest; False where something is left."""
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
                work.files = await asyncio.to_thread(made, block, takes, trail, organization, now)
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
            error = await self._put(trail, file.key, file.body, file.region, {})
            if error:
                break
            delivered.append(file)
        work.files = work.files[len(delivered) :]
        for file in delivered:
            self._offer(trail, file)
        notices = await self._notify(trail, delivered) if trail.topic and delivered else None
        logs = await self._write_logs(trail, work, delivered) if trail.log_group and delivered else None
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

    async def _put(
        self, trail: TrailDefinition, key: str, body: bytes, region: str, metadata: Mapping[str, str]
    ) -> str:
        """Returns S3's error code, "" where the object is there."""
        owner = self._facts.owner(f"arn:aws:s3:::{trail.bucket}")
        if owner is None:
            return "NoSuchBucket"
        act = self._ports.acting.as_service(CLOUDTRAIL, source_arn=trail.arn, account=owner, region=region)
        given: dict[str, object] = {
            "Bucket": trail.bucket,
            "Key": key,
            "Body": body,
            "ACL": "bucket-owner-full-control",
            "ContentType": "application/json",
            "ContentEncoding": "gzip",
        }
        if trail.kms_key:
            given |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key}
        if metadata:
            given["Metadata"] = metadata
        try:
            await act.call("s3", "PutObject", given)
        except ServiceError as error:
            log.info("%s: %s is not delivered: %s", trail.arn, key, error)
            return error.code
        return ""

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

    # CloudWatch Logs

    async def _write_logs(self, trail: TrailDefinition, work: _Work, files: Sequence[File]) -> str:
        """Every event as a log event. Returns why it could not be written, "" where all were."""
        region = trail.log_group.split(":")[3]
        act = await self._role(trail, work, region)
        if isinstance(act, str):
            return act
        group = trail.log_group.split(":")[6]
        for file in files:
            stream = f"{file.account}_CloudTrail_{file.region}"
            for events in _batches(file.events):
                try:
                    await _put_events(act, {"logGroupName": group, "logStreamName": stream}, events)
                except ServiceError as error:
                    work.logs_until = None  # the next round takes the role anew
                    log.info("%s: not written to %s: %s", trail.arn, trail.log_group, error)
                    return "AccessDenied" if "AccessDenied" in error.code else error.code
        return ""

    async def _role(self, trail: TrailDefinition, work: _Work, region: str) -> ActAs | str:
        """The role that the trail was passed, kept for an hour; or why it cannot be taken."""
        now = self._ports.now()
        known = work.logs.get(region)
        lasts = work.logs_until is not None and now < work.logs_until
        if known is not None and work.logs_role == trail.log_role and lasts:
            return known
        role = role_of_arn(self._directory, trail.log_role)
        if role is None:
            return "AccessDenied"
        taken = await self._ports.acting.with_role(
            CLOUDTRAIL,
            role,
            session_name=_SESSION_NAME,
            source_arn=trail.arn,
            region=region,
            seconds=_SESSION_SECONDS,
            replaces=known,
        )
        if isinstance(taken, Refusal):
            work.logs.clear()
            return "AccessDenied"
        work.logs = {region: taken}
        work.logs_role = trail.log_role
        work.logs_until = now + timedelta(seconds=_SESSION_SECONDS - 300)
        return taken

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
        error = await self._put(trail, digest.key, digest.body, chain.region, digest.metadata)
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


def _batches(events: Iterable[Event]) -> Iterable[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    size = 0
    for event in events:
        text = event.record.decode()
        cost = len(event.record) + _LOG_EVENT_EXTRA
        if batch and (len(batch) >= _LOG_EVENTS or size + cost > _LOG_BYTES):
            yield batch
            batch, size = [], 0
        batch.append({"timestamp": int(event.time.timestamp() * 1000), "message": text})
        size += cost
    if batch:
        yield batch


async def _put_events(act: ActAs, stream: Mapping[str, str], events: list[dict[str, object]]) -> None:
    """Raises ServiceError."""
    given: Mapping[str, object] = {**stream, "logEvents": events}
    try:
        await act.call("logs", "PutLogEvents", given)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        await act.call("logs", "CreateLogStream", stream)
        await act.call("logs", "PutLogEvents", given)
