"""Every place where moto itself is changed, and nothing else: each with its reason.

Imported only when the first embedded service is used, since it imports moto's core. All changes are to moto's
own modules; boto3, botocore, requests and responses stay as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Final

import moto.core.common_models
import moto.core.responses
import moto.core.utils
from moto.core.base_backend import BackendDict
from moto.core.responses import BaseResponse

from passrole.services.embedded import machines, replicas
from passrole.services.embedded.after_import import Change, change_on_import
from passrole.services.embedded.environ import ACCOUNT, REGION
from passrole.services.embedded.mirror import Mirror
from passrole.state.directory import Directory

log = logging.getLogger(__name__)

NOT_RUN: Final = "This endpoint does not run containers or functions in its embedded services."


class _Installed:
    """The directory that the mirrors read: moto's backends are global, so there is one a process."""

    directory: Directory | None = None


def install(directory: Directory) -> None:
    """Makes moto serve this directory's accounts, with no resources in any of them."""
    if _Installed.directory is None:
        _change_core()
        change_on_import(_CHANGES)
    _Installed.directory = directory
    forget(directory)


def forget(directory: Directory) -> None:
    """Drops every resource of every account and region, unless moto serves another directory by now."""
    if _Installed.directory is not directory:
        return
    instances: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto's own, of whatever service
    for backends in list(instances):
        if backends.service_name == "s3":
            _close_objects(backends)
        backends.clear()
    instances.clear()


def _close_objects(backends: Any) -> None:  # moto's own table of buckets; its types hold no promise
    for _, _, backend in backends.iter_backends():
        for bucket in (*backend.buckets.values(), *backend.table_buckets.values()):
            for version in bucket.keys.values():
                if hasattr(version, "dispose"):
                    version.dispose()
            for upload in bucket.multiparts.values():
                upload.dispose()
    backends.bucket_accounts.clear()


# --- moto's core --------------------------------------------------------------------------------

_region_of = BaseResponse.get_region_from_url
_account_of = BaseResponse.get_current_account


def _region(self: BaseResponse, request: Any, full_url: str) -> str:
    # moto looks for ".REGION.amazonaws.com" anywhere in the URL, an object's name included, then in the
    # User-Agent. The region is the one that the caller signed for.
    given = request.environ.get(REGION)
    return given if isinstance(given, str) else _region_of(self, request, full_url)


def _account(self: BaseResponse) -> str:
    # moto prefers MOTO_ACCOUNT_ID of the environment, which would make all accounts one.
    given = self.headers.environ.get(ACCOUNT)
    return given if isinstance(given, str) else _account_of(self)


def _untracked(cls: type, *given: object, **named: object) -> object:
    # moto keeps every object it ever made, for a dashboard of its own: a server that runs for days would
    # grow without end.
    return object.__new__(cls)


def _change_core() -> None:
    BaseResponse.get_region_from_url = _region  # type: ignore[method-assign]  # what this module is for
    BaseResponse.get_current_account = _account  # type: ignore[method-assign]
    moto.core.common_models.BaseModel.__new__ = _untracked  # type: ignore[method-assign, assignment]
    # Every call lists its class's methods anew, EC2's hundreds of them: a millisecond.
    vars(moto.core.responses)["method_names_from_class"] = cache(moto.core.utils.method_names_from_class)


# --- Single services ----------------------------------------------------------------------------


def _mirrored(iam: ModuleType) -> None:
    # Services ask moto's IAM whether a role or profile is there: they get ours.
    from moto.iam.exceptions import NotFoundException  # after moto.iam.models, which imports it

    def mirror(region_name: str, account_id: str) -> Mirror:
        if _Installed.directory is None:
            raise RuntimeError("no directory is installed")
        return Mirror(_Installed.directory, NotFoundException, region_name, account_id)

    iam.iam_backends.backend = mirror
    iam.iam_backends.clear()


def _as_root(sts: ModuleType) -> None:
    # App Mesh and EMR ask who calls, by a key that moto does not know, and print what they get.
    def identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:  # moto's STSBackend
        return self.account_id, f"arn:aws:iam::{self.account_id}:root", self.account_id

    sts.STSBackend.get_caller_identity = identity


def _with_profiles(ec2: ModuleType) -> None:
    # Instances carry the profile of their launch template or configuration; moto forgets it.
    from passrole.services.embedded.profiled import ProfiledBackend  # a subclass of moto's, now importable

    ec2.ec2_backends.backend = ProfiledBackend
    ec2.ec2_backends.clear()


def _with_monitoring(rds: ModuleType) -> None:
    # Database instances have ids of their own, and Enhanced Monitoring.
    from passrole.services.embedded import monitored  # a subclass of moto's, now importable

    monitored.install()
    rds.rds_backends.backend = monitored.MonitoredBackend
    rds.rds_backends.clear()


class _Undelivered:
    """Stands for ``requests``: nothing leaves this process.

    AWS delivers to HTTP endpoints after it has answered, so a call succeeds whether or not it arrives.
    """

    def post(self, url: str, *given: object, **named: object) -> None:
        """Delivers nothing."""
        log.warning("not delivered to %s: embedded services make no calls to the network", url)

    def request(self, method: str, url: str, *given: object, **named: object) -> None:
        """Delivers nothing."""
        self.post(url)


def _offline(module: ModuleType) -> None:
    module.requests = _Undelivered()  # type: ignore[attr-defined]


def _no_functions(lambdas: ModuleType) -> None:
    # moto would start Docker. A function that is not run is an error to whatever event would have run it,
    # so SQS keeps its messages.
    def not_run(self: object, event: object = None) -> tuple[str, bool, str]:
        return f'{{"errorMessage": "{NOT_RUN}"}}', True, ""

    lambdas.LambdaFunction._invoke_lambda = not_run


def _without_pollers(sqs: ModuleType) -> None:
    # moto would take a message out as it comes in, and call the function behind the gateway.
    sqs.Queue.lambda_event_source_mappings = property(lambda _: {}, lambda _, value: None)


def _no_containers(docker: ModuleType) -> None:
    def refuse(self: object) -> object:
        raise RuntimeError(NOT_RUN)

    docker.DockerModel.docker_client = property(refuse)


def _failing_jobs(batch: ModuleType) -> None:
    # A job that is not run has failed; moto's other choice is to call it a success.
    def run(self: Any) -> None:  # moto's Job
        self.job_stopped_reason = NOT_RUN
        self._mark_stopped(success=False)

    batch.Job.run = run


def _quiet_objects(s3: ModuleType) -> None:
    # An overwritten object warns when it is collected, since moto expects a test to have closed it.
    def collected(self: Any) -> None:  # moto's FakeKey
        self.dispose()

    s3.FakeKey.__del__ = collected


def _permitted(s3: ModuleType) -> None:
    # The gateway has judged the bucket's policy; moto's own reading of it leaves conditions out.
    def get_permission(self: Any, action: str, resource: str) -> object:  # moto's FakeBucket
        from moto.iam.access_control import PermissionResult  # as late as moto itself does

        return PermissionResult.PERMITTED

    s3.FakeBucket.get_permission = get_permission


def _of_s3(s3: ModuleType) -> None:
    _quiet_objects(s3)
    _permitted(s3)


def _same_region(emr: ModuleType) -> None:
    # EMR looks for the region in the host alone and else takes us-east-1.
    del emr.ElasticMapReduceResponse.get_region_from_url


def _with_own_role(autoscaling: ModuleType) -> None:
    # A group shows the service-linked role that it was given; moto shows the default one.
    responses: Any = autoscaling.AutoScalingResponse
    for name in ("create_auto_scaling_group", "update_auto_scaling_group"):
        setattr(responses, name, _giving_role(getattr(responses, name)))
    # moto shows no activities, and leaves out what these requests say.
    from passrole.services.embedded import scaled  # imports moto's models, which the responses have by now

    responses.describe_scaling_activities = scaled.describe_scaling_activities
    responses.delete_auto_scaling_group = scaled.delete_auto_scaling_group
    responses.execute_policy = scaled.execute_policy
    responses.put_lifecycle_hook = scaled.put_lifecycle_hook


def _without_launches(autoscaling: ModuleType) -> None:
    # moto launches and terminates inside its own calls, behind the gateway; the agent does so through it.
    from passrole.services.embedded import scaled  # subclasses of moto's, now importable

    vars(autoscaling)["FakeAutoScalingGroup"] = scaled.ScaledGroup
    autoscaling.autoscaling_backends.backend = scaled.ScaledBackend
    autoscaling.autoscaling_backends.clear()


def _with_tasks(ecs: ModuleType) -> None:
    # moto's tasks run at once and stop when somebody looks; its services have none.
    from passrole.services.embedded import tasked  # subclasses of moto's, now importable

    vars(ecs)["Task"] = tasked.StartingTask
    ecs.ecs_backends.backend = tasked.TaskedBackend
    ecs.ecs_backends.clear()


def _giving_role(asked: Callable[[Any], object]) -> Callable[[Any], object]:
    def answer(self: Any) -> object:  # moto's AutoScalingResponse
        answered = asked(self)
        role = self._get_param("ServiceLinkedRoleARN")
        if role:
            group = self._get_param("AutoScalingGroupName")
            self.autoscaling_backend.autoscaling_groups[group].service_linked_role_arn = role
        return answered

    return answer


def _handed_on(path: str, name: str, instead: str) -> Change:
    # moto would hand it on by itself: nobody's role, queue or bucket policy would be asked.
    def change(module: ModuleType) -> None:
        from passrole.services.embedded import handing_seams  # with the first service that needs it

        setattr(getattr(module, path), name, getattr(handing_seams, instead))

    return change


def _both(*changes: Change) -> Change:
    def change(module: ModuleType) -> None:
        for one in changes:
            one(module)

    return change


_CHANGES: Final[Mapping[str, Change]] = {
    "moto.iam.models": _mirrored,
    "moto.sts.models": _as_root,
    "moto.ec2.models": _with_profiles,
    "moto.rds.models": _with_monitoring,
    "moto.sns.models": _both(_offline, _handed_on("Subscription", "publish", "publish")),
    "moto.firehose.models": _both(
        _offline, _handed_on("FirehoseBackend", "put_s3_records", "put_s3_records")
    ),
    "moto.events.models": _both(_offline, _handed_on("Rule", "send_to_targets", "send_to_targets")),
    "moto.logs.models": _handed_on("LogStream", "_send_log_events", "send_log_events"),
    "moto.apigateway.integration_parsers.http_parser": _offline,
    "moto.apigateway.integration_parsers.aws_parser": _offline,
    "moto.awslambda.models": _no_functions,
    "moto.sqs.models": _without_pollers,
    "moto.utilities.docker_utilities": _no_containers,
    "moto.batch.models": _failing_jobs,
    "moto.stepfunctions.models": machines.interpreted,
    "moto.stepfunctions.parser.asl.utils.boto_client": machines.gateway_clients,
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task": machines.known_callers,
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service": (
        machines.shown_outputs
    ),
    "moto.s3.models": _both(_of_s3, replicas.with_status),
    "moto.autoscaling.models": _without_launches,
    "moto.autoscaling.responses": _with_own_role,
    "moto.ecs.models": _with_tasks,
    "moto.emr.responses": _same_region,
}
