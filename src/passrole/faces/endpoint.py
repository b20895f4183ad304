"""An endpoint, put together and run: from the command line, from Python, from pytest."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TextIO

import uvicorn

from passrole.authorize import gather
from passrole.authorize.call import ResourceFacts
from passrole.faces import overlay
from passrole.faces.importing import Imported, import_files
from passrole.faces.options import ROOT_KEY_ID, ROOT_SECRET, Options
from passrole.faces.own_paths import OwnPaths
from passrole.faces.root_key import PROFILE, RootKey, StartFailed, credentials_file, ensure_root
from passrole.gateway.act_as import ServicesActing
from passrole.gateway.authenticate import Authenticator
from passrole.gateway.clock import Clock
from passrole.gateway.recording import Recorder
from passrole.gateway.server import Mount, Server
from passrole.gateway.service_role import AssumeByService
from passrole.gateway.steps import Gateway, guarded
from passrole.gateway.throttle import Throttle
from passrole.metadata import containers, imds, paths
from passrole.metadata.access import Access
from passrole.metadata.credentials import WorkloadCredentials
from passrole.services import own
from passrole.services.agents import Agent, Agents, Ports
from passrole.services.backend import Backend
from passrole.services.cloudformation import custom
from passrole.services.cloudformation.agent import Stacks
from passrole.services.cloudformation.facts import StackFacts
from passrole.services.embedded.dispatch import Embedded
from passrole.services.embedded.persist import Keeper
from passrole.services.kept.backend import Kept
from passrole.services.kept.facts import KeptFacts
from passrole.services.upstream import UnseenFacts, Upstream
from passrole.services.workloads.enhanced_monitoring import EnhancedMonitoring
from passrole.services.workloads.functions import ProcessRunner
from passrole.services.workloads.scaling import AutoScaling
from passrole.services.workloads.targets.events import EventTargets
from passrole.services.workloads.targets.machines import StateMachineCalls
from passrole.services.workloads.targets.pipes import Pipes
from passrole.services.workloads.targets.queue_pollers import QueuePollers
from passrole.services.workloads.targets.relays import Relays
from passrole.services.workloads.targets.replication import Replication
from passrole.services.workloads.targets.scheduler import Scheduler
from passrole.services.workloads.tasks import TaskRoles
from passrole.services.workloads.trails.delivery import TrailsDelivery
from passrole.state.accounts import make_account, unused_account
from passrole.state.commit import Committer
from passrole.state.directory import Change, Directory
from passrole.state.entities import AccessKey
from passrole.state.secret import ensure_secrets, message_key
from passrole.state.store import Store
from passrole.state.store.memory import MemoryStore
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Keep
from passrole.values.ids import Ids

log = logging.getLogger(__name__)


class Endpoint:
    """A running endpoint in a thread of its own.

    >>> with Endpoint(Options(port=0, ephemeral=True)) as endpoint:
    ...     endpoint.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options if options is not None else Options(port=0, ephemeral=True)
        self._service: Service | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> Endpoint:
        """Returns once it answers. Raises StartFailed, StoreUnavailable or BadOption."""
        service = Service(self.options)
        failures: list[BaseException] = []
        ready = threading.Event()

        def work() -> None:
            try:
                with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                    runner.run(self._work(service, ready))
            except BaseException as error:  # noqa: BLE001 - handed to the starting thread, whatever it is
                failures.append(error)
            finally:
                ready.set()

        self._thread = threading.Thread(target=work, name="passrole-endpoint", daemon=True)
        self._thread.start()
        ready.wait()
        if failures:
            self._thread.join()
            raise failures[0]
        self._service = service
        return self

    async def _work(self, service: Service, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        await service.run(ready.set)

    def stop(self) -> None:
        """Returns once everything is written and the port is free."""
        if self._service is None or self._thread is None:
            return
        self._service.stop()
        self._thread.join()
        self._service = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return self._running().url

    @property
    def root_key(self) -> RootKey:
        """The main account's root key."""
        return self._running().root_key

    def new_account(self) -> AccessKey:
        """A fresh account's root key."""
        service, loop = self._running(), self._loop
        if loop is None:
            raise RuntimeError("the endpoint is not running")
        return asyncio.run_coroutine_threadsafe(service.new_account(), loop).result()

    def _running(self) -> Service:
        if self._service is None:
            raise RuntimeError("the endpoint is not running")
        return self._service

    def __enter__(self) -> Endpoint:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.Loop


class _Uvicorn(uvicorn.Server):
    """uvicorn, whose caller owns signals, sockets and the ready line."""

    def install_signal_handlers(self) -> None:
        pass


class Service:
    """Everything that one endpoint consists of, on one event loop."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._ids = Ids()
        self._clock = Clock()
        keep = Keep.parse(options.trail_keep)
        own.load()  # before any row is read: a service's module registers the kinds that it keeps
        if not options.ephemeral:
            overlay.lay(options.folder)
        with ExitStack() as undone:  # what is open when something below fails
            self._socket = _bound(options.host, options.port)
            undone.callback(self._socket.close)
            self._store: Store = MemoryStore() if options.ephemeral else SqliteStore(options.folder)
            undone.callback(self._store.close)
            self._directory = Directory(self._store.rows())
            now = self._clock.now()
            self.root_key = ensure_root(self._directory, self._ids, options, now)
            self.imported = import_files(
                self._directory, self._ids, options.imports, now, credentials=credentials_file(options)
            )
            undone.pop_all()
        ensure_secrets(self._directory, self._ids)
        host = f"[{options.host}]" if ":" in options.host else options.host
        authority = f"{host}:{self._socket.getsockname()[1]}"
        self.url = f"http://{authority}"
        self._committer = Committer(self._store, keep)
        # An upstream keeps its own resources; nothing that was kept here is touched meanwhile.
        keeps = not options.ephemeral and not options.upstream
        secret = message_key(self._directory)
        self._embedded = Embedded(
            self._directory, keeper=Keeper(options.folder / "embedded", secret) if keeps else None
        )
        self._embedded.on_start()  # what resources held that are not back is ended
        # An upstream's resources cannot be looked at; what is embedded can.
        behind: Backend = (
            Upstream(options.upstream)
            if options.upstream
            else Kept(self._directory, self._ids, self._embedded)
        )
        facts: ResourceFacts = (
            UnseenFacts() if options.upstream else KeptFacts(self._directory, self._embedded.facts)
        )
        facts = StackFacts(self._directory, facts)
        self._facts = facts
        self._recorder = Recorder(self._directory, self._ids, facts)
        self._authenticator = Authenticator(self._directory)
        self._agents = Agents()
        self._gateway = Gateway(
            directory=self._directory,
            authenticator=self._authenticator,
            committer=self._committer,
            ids=self._ids,
            clock=self._clock,
            behind=behind,
            facts=facts,
            message_key=message_key(self._directory),
            recorder=self._recorder,
            agents=self._agents,
            report=options.enforce == "report",
            throttle=Throttle(monotonic) if options.throttle else None,
        )
        self._assume = AssumeByService(
            directory=self._directory,
            facts=facts,
            ids=self._ids,
            clock=self._clock,
            recorder=self._recorder,
            commit=self._gateway.commit,
        )
        self._acting = ServicesActing(
            directory=self._directory,
            ids=self._ids,
            clock=self._clock,
            assume=self._assume,
            carry_out=self._gateway.carry_out,
            reload=self._reload,
            host=authority,
            facts=facts,
        )
        self._gateway.acting = self._acting
        self._agents.add(self._working(authority))
        self._server = self._built()

    def _working(self, authority: str) -> Sequence[Agent]:
        """The services that act on their own, each a line."""
        ports = Ports(
            directory=self._directory,
            facts=self._facts,
            acting=self._acting,
            assume=self._assume,
            ids=self._ids,
            now=self._clock.now,
            machine=self._clock.machine,
            commit=self._gateway.commit,
            history=self._committer,
            url=f"http://{authority}",
        )
        agents: list[Agent] = [EnhancedMonitoring(ports, self._embedded.databases)]
        agents.append(AutoScaling(ports, self._embedded.scaling))
        self._stacks = Stacks(ports)
        agents.append(self._stacks)
        agents.append(TaskRoles(ports, self._embedded.tasks))
        agents.append(TrailsDelivery(ports, self.options.trail_seconds, self._embedded.handing))
        agents.append(EventTargets(ports, self._embedded.handing))
        agents.append(Relays(ports, self._embedded.handing))
        agents.append(Scheduler(ports, self._embedded.handing))
        agents.append(Pipes(ports, self._embedded.handing))
        agents.append(Replication(ports, self._embedded.buckets))
        calls = StateMachineCalls(ports)
        self._embedded.run_machines(calls)
        agents.append(calls)
        if self.options.run_functions:
            runner = ProcessRunner(ports)
            self._embedded.runner = runner
            agents.append(runner)
            agents.append(QueuePollers(ports, self._embedded.sources, runner))
        return agents

    def _built(self) -> _Uvicorn:
        application = Server(guarded(self._gateway, self._reload), self._mounts())
        config = uvicorn.Config(
            application,
            http="httptools",
            loop="none",
            lifespan="off",
            access_log=False,
            # X-Forwarded-For is the client's own word: it must not become aws:SourceIp, nor open metadata.
            proxy_headers=False,
            server_header=False,
            log_level="warning",
            # SDKs keep connections and send on one that was idle: it must not be closed under them.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
        return _Uvicorn(config)

    def _mounts(self) -> Sequence[Mount]:
        credentials = WorkloadCredentials(self._directory, self._assume, self._clock.now)
        # Whoever opened the endpoint to other machines opened its metadata, too.
        access = Access(remote=self.options.host not in ("127.0.0.1", "::1", "localhost"))
        instances = imds.InstanceMetadata(
            self._directory, self._embedded.facts, credentials, self._clock.now, access
        )
        own = OwnPaths(
            directory=self._directory,
            authenticator=self._authenticator,
            clock=self._clock,
            new_account=self.new_account,
            reset=self._reset,
            main_account=self.options.account,
            testing=self.options.testing,
        )
        return [
            *own.mounts(),
            Mount(paths.IMDS, instances.answer),
            Mount(custom.PREFIX, self._stacks.answers.answer),
            Mount(
                paths.CONTAINERS,
                containers.ContainerCredentials(self._directory, credentials, access).answer,
            ),
        ]

    async def run(self, ready: Callable[[], None]) -> None:
        """Serves until ``stop``; ready is called once requests are answered."""
        self._committer.start()
        await self._gateway.commit(())
        self._acting.start()
        self._embedded.begin()
        self._agents.start()
        try:
            serving = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.005)
            if not serving.done():
                ready()
            await serving
        finally:
            await self._agents.stop()
            await self._committer.close()
            for note in self._embedded.close():
                log.warning("%s", note)
            self._store.close()
            self._socket.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What an earlier run had and this one has not, a line each."""
        return self._embedded.notes

    def stop(self) -> None:
        """Asks the server to end; safe from any thread and from a signal handler."""
        self._server.should_exit = True

    async def new_account(self) -> AccessKey:
        """A fresh account's root key."""
        account = unused_account(self._directory, self._ids)
        key = make_account(self._directory, self._ids, account, f"account-{account}", self._clock.now())
        await self._gateway.commit(())
        return key

    async def _reset(self) -> None:
        """Empties everything but the main account and its root key."""
        self._embedded.reset()
        self._agents.reset()
        self._clock.reset()
        fresh = Directory()
        root, now = self.root_key, self._clock.now()
        make_account(fresh, self._ids, self.options.account, "main", now, key_id=root.id, secret=root.secret)
        ensure_secrets(fresh, self._ids)
        rows = fresh.commit()
        await self._committer.clear(rows)
        self._directory.replace(rows)
        gather.forget()

    async def _reload(self) -> None:
        """After a failed write: reads the state back as the store has it."""

        def reload(rows: Sequence[Change]) -> None:
            self._directory.replace(rows)

        await self._committer.recover(reload)


def run(options: Options) -> int:
    """``passrole serve``: serves until SIGTERM or SIGINT; returns the exit status.

    Raises StartFailed, StoreUnavailable or BadOption, each one line for whoever started it.
    """
    service = Service(options)

    # What is loaded by now stays: a collector that went through it again every few hundred requests would
    # cost more than the requests' own garbage.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.stop)
        await service.run(lambda: _announce(service))

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work())
    return 0


def _announce(service: Service) -> None:
    key, options = service.root_key, service.options
    print(f"passrole ready on {service.url}", flush=True)
    say = sys.stderr
    print("\nPoint a client at it:\n", file=say)
    print(
        f"  export AWS_ENDPOINT_URL={service.url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1", file=say
    )
    if key.path is not None:
        print(f"  export AWS_SHARED_CREDENTIALS_FILE={key.path} AWS_PROFILE={PROFILE}", file=say)
        if key.made and say.isatty():
            # Once, and only where a person is looking: logs keep what they are told.
            print(f"\nThe root key of account {options.account}, kept in that file:", file=say)
            print(f"  {key.id}  {key.secret}", file=say)
    elif key.made and say.isatty():
        print(f"  export AWS_ACCESS_KEY_ID={key.id} AWS_SECRET_ACCESS_KEY={key.secret}", file=say)
    elif key.made:
        print(
            f"  the root key was made for this run and goes nowhere: set {ROOT_KEY_ID} and {ROOT_SECRET}"
            " to choose it",
            file=say,
        )
    _tell_imported(service.imported, key.path, say)
    print(file=say)
    if options.ephemeral:
        print("Nothing is kept: --ephemeral.", file=say)
    else:
        print(
            f"IAM, STS, Organizations and the trail are kept in {options.folder} as they happen. What the"
            " embedded services hold (instances, buckets, functions …) is kept at a clean stop; a kill loses"
            " it.",
            file=say,
        )
        for note in service.notes:
            print(note, file=say)
    say.flush()


def _tell_imported(imported: Imported, kept_in: Path | None, say: TextIO) -> None:
    if imported.entities:
        print(f"\nImported {imported.entities} users, groups, roles, profiles and policies.", file=say)
    for note in imported.notes:
        print(f"  {note}", file=say)
    for key in imported.keys:
        if kept_in is not None:
            print(f"  root key of account {key.account}: profile {key.account} in {kept_in}", file=say)
        elif say.isatty():
            print(f"  root key of account {key.account}: {key.id}  {key.secret}", file=say)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        what = os.strerror(error.errno) if error.errno else str(error)
        raise StartFailed(f"cannot listen on {host}:{port}: {what}") from error
    sock.setblocking(False)
    return sock
