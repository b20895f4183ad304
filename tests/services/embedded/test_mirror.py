"""The contract between moto's services and the facade that stands for its IAM, on every supported release."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.exceptions import NotFoundException
from tests.services.embedded.cloud import ALPHA, BETA, NOW, Cloud

from passrole.services.embedded.inventory import root
from passrole.services.embedded.mirror import BehindTheGateway, Mirror
from passrole.state.credentials import ServerCertificate

# What moto's services call or read of IAM's backend. A release that needs more fails here first.
ASKED = {
    "access_keys",
    "get_certificate_by_arn",
    "get_instance_profile",
    "get_instance_profile_by_arn",
    "get_instance_profiles",
    "get_role_by_arn",
    "get_user_from_access_key_id",
    "roles",
}

# What they would change there; that fails on purpose.
REFUSED = {"create_role", "create_temp_access_key"}


def sources() -> Iterator[tuple[str, str]]:
    """(package, text) of moto's modules that are not IAM itself."""
    folder = root()
    assert folder is not None
    for path in sorted(folder.rglob("*.py")):
        package = path.relative_to(folder).parts[0]
        text = path.read_text(encoding="utf-8")
        if package != "iam" and "iam_backend" in text:
            yield str(path.relative_to(folder)), text


def asked_of_iam(text: str) -> set[str]:
    """The attributes that a module takes of IAM's backend, in whatever variable it has it."""
    tree = ast.parse(text)
    held = {"self.iam_backend", "iam_backend"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("iam_backends["):
            held |= {ast.unparse(target) for target in node.targets}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            value = ast.unparse(node.value)
            whole = value.startswith("iam_backends[") and value.count("[") == 2
            if whole or value in held:
                found.add(node.attr)
    return found


def test_moto_asks_iam_for_nothing_else() -> None:
    asked = {name for _, text in sources() for name in asked_of_iam(text)}
    assert asked <= ASKED | REFUSED
    assert {"get_role_by_arn", "get_instance_profile", "get_instance_profiles"} <= asked


def mirror(cloud: Cloud, account: str = ALPHA) -> Mirror:
    """What moto's services get for IAM's backend, by their own way to it."""
    cloud.client("sqs").list_queues()
    from moto.iam.models import iam_backends

    backends: Any = iam_backends[account]
    found = backends["aws"]
    assert backends["global"] is found
    assert isinstance(found, Mirror)
    return found


def test_it_answers_all_that_is_asked(cloud: Cloud) -> None:
    seen = mirror(cloud)
    for name in ASKED:
        assert name in vars(seen) or name in vars(Mirror)


def test_roles_are_ours_as_they_are_now(cloud: Cloud) -> None:
    seen = mirror(cloud)
    assert seen.get_roles() == []
    role = cloud.role("Web", path="/app/")
    view = seen.get_role_by_arn(role.arn)
    assert (view.id, view.name, view.arn, view.path) == (role.id, "Web", role.arn, "/app/")
    assert view.assume_role_policy_document == role.trust
    assert view.create_date == NOW.replace(tzinfo=None)
    assert seen.get_role("Web") == seen.get_role_by_id(role.id) == seen.roles[role.id] == view
    assert role.arn in seen.roles  # as SES asks
    assert len(seen.roles) == 1
    for wrong in ("web", "arn:aws:iam::111122223333:role/Web", f"arn:aws:iam::{BETA}:role/app/Web"):
        with pytest.raises(NotFoundException):
            seen.get_role_by_arn(wrong)
    with pytest.raises(NotFoundException):
        mirror(cloud, BETA).get_role("Web")
    assert mirror(cloud, BETA).get_role_by_id(role.id) is None
    cloud.directory.delete(role)
    with pytest.raises(NotFoundException):
        seen.get_role("Web")


def test_profiles_are_ours_with_the_role_of_now(cloud: Cloud) -> None:
    seen = mirror(cloud)
    role = cloud.role("Web")
    profile = cloud.profile("P", path="/x/", role=role)
    empty = cloud.profile("Empty")
    view = seen.get_instance_profile("P")
    assert (view.id, view.arn) == (profile.id, profile.arn)
    assert [one.name for one in view.roles] == ["Web"]
    assert seen.get_instance_profile_by_arn(profile.arn) == seen.instance_profiles[profile.id] == view
    assert [one.id for one in seen.get_instance_profiles()] == [empty.id, profile.id]
    assert seen.get_instance_profiles_for_role("Web") == [view]
    assert seen.get_instance_profile("Empty").roles == ()
    for wrong in ("p", "arn:aws:iam::111122223333:instance-profile/P"):
        with pytest.raises(NotFoundException):
            seen.get_instance_profile_by_arn(wrong)


def test_certificates_without_their_key(cloud: Cloud) -> None:
    certificate = ServerCertificate(
        account=ALPHA, name="c", id="ASCAX", body="BODY", private_key="KEY", uploaded=NOW, expires=NOW
    )
    cloud.directory.put(certificate)
    seen = mirror(cloud).get_certificate_by_arn(certificate.arn)
    assert seen is not None
    assert (seen.cert_body, seen.arn) == ("BODY", certificate.arn)
    assert "KEY" not in repr(seen)
    assert mirror(cloud).get_certificate_by_arn(certificate.arn + "x") is None


@pytest.mark.parametrize("name", sorted(REFUSED | {"create_user", "delete_role", "attach_role_policy"}))
def test_nothing_is_changed_behind_our_iam(cloud: Cloud, name: str) -> None:
    with pytest.raises(BehindTheGateway):
        getattr(mirror(cloud), name)(role_name="x")
    assert list(cloud.directory.all(type(cloud.role("r")), BETA)) == []


def test_services_see_our_roles(cloud: Cloud) -> None:
    role = cloud.role("Pipe").arn
    batch = cloud.client("batch")

    def environment(**given: object) -> None:
        batch.create_compute_environment(computeEnvironmentName="environment", type="UNMANAGED", **given)

    with pytest.raises(ClientError):
        environment(serviceRole=role + "x")
    environment(serviceRole=role)

    pipelines = cloud.client("codepipeline")

    def pipeline(role_arn: str) -> None:
        def stage(name: str, category: str, provider: str) -> dict[str, object]:
            kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
            return {"name": name, "actions": [{"name": name, "actionTypeId": kind}]}

        pipelines.create_pipeline(
            pipeline={
                "name": "p",
                "roleArn": role_arn,
                "artifactStore": {"type": "S3", "location": "artifacts"},
                "stages": [stage("Source", "Source", "S3"), stage("Deploy", "Deploy", "S3")],
            }
        )

    trusting = cloud.role(
        "Trusting",
        trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
        '{"Service":"codepipeline.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
    )
    with pytest.raises(ClientError):
        pipeline(trusting.arn + "x")
    pipeline(trusting.arn)


def test_accounts_of_moto_s_sts_are_harmless(cloud: Cloud) -> None:
    mesh = cloud.client("appmesh")
    assert mesh.create_mesh(meshName="m")["mesh"]["metadata"]["meshOwner"] == ALPHA
    emr = cloud.client("emr")
    emr.run_job_flow(
        Name="j", Instances={"InstanceCount": 1, "MasterInstanceType": "m5.large"}, ReleaseLabel="emr-6.0.0"
    )
    assert (
        f":{ALPHA}:"
        in emr.describe_cluster(ClusterId=emr.list_clusters()["Clusters"][0]["Id"])["Cluster"]["ClusterArn"]
    )
