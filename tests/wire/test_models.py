from __future__ import annotations

import subprocess
import sys

import pytest

from passrole.wire import models, services
from passrole.wire.models import NoSuchOperation, NoSuchService


def test_the_generated_index_is_what_the_models_say() -> None:
    assert services.read_index().services == tuple(services.index().values())


def test_the_index_falls_back_to_the_models_of_another_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    real = services.read_index

    def read() -> services.Index:
        called.append(True)
        return real()

    monkeypatch.setattr(services, "read_index", read)
    services.index.cache_clear()
    try:
        services.index()
        assert not called
        services.index.cache_clear()
        monkeypatch.setattr(models, "botocore_version", lambda: "0.0.0")
        assert services.index()["iam"].signing_name == "iam"
        assert called
    finally:
        monkeypatch.undo()
        services.index.cache_clear()


def test_services_are_found_by_what_stands_on_the_wire() -> None:
    assert services.signed_as("rds")[0] == "rds"
    assert services.signed_as("elasticloadbalancing") == ("elbv2", "elb")
    assert services.signed_as("states") == ("stepfunctions",)
    assert services.signed_as("nothing") == ()
    assert services.targeted("AWSOrganizationsV20161128") == ("organizations",)
    assert services.versioned("2011-06-15") == ("sts",)
    assert services.hosted("api.sagemaker") == ("sagemaker",)
    assert services.entry("cloudwatch").protocols == ("smithy-rpc-v2-cbor", "json", "query")
    assert services.is_s3("s3control")
    assert not services.is_s3("iam")


def test_starting_loads_no_model_and_no_botocore() -> None:
    code = (
        "import sys; from passrole.wire import services, models; services.signed_as('iam');"
        "assert models.service.cache_info().currsize == 0;"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('botocore', 'boto3', 'moto')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_model_knows_its_operations_and_shapes() -> None:
    iam = models.service("iam")
    assert "CreateRole" in iam
    assert "PassRole" not in iam
    shape = iam.operation("CreateRole").input
    assert shape is not None
    name = shape.members["RoleName"]
    assert (name.kind, name.minimum, name.maximum, name.pattern) == ("string", 1, 64, r"[\w+=,.@-]+")
    assert "RoleName" in shape.required
    assert shape.members["Tags"].member.members["Key"].maximum == 128
    with pytest.raises(TypeError):
        _ = name.member
    assert iam.errors["NoSuchEntity"].name == "NoSuchEntityException"
    assert iam.errors["NoSuchEntity"].error.http_status_code == 404
    assert iam.operation("CreateRole") is iam.operation("CreateRole")
    assert [error.name for error in iam.operation("GetRole").errors] == [
        "NoSuchEntityException",
        "ServiceFailureException",
    ]


def test_a_reference_adds_to_what_a_shape_says() -> None:
    shape = models.service("lambda").operation("GetFunction").input
    assert shape is not None
    name = shape.members["FunctionName"]
    assert (name.location, name.wire_name("FunctionName")) == ("uri", "FunctionName")
    assert models.service("lambda").shape(name.name).location == ""


@pytest.mark.parametrize("name", ["nothing", "", "../../etc", "iam/2010-05-08", "data"])
def test_what_is_no_service_is_not_found(name: str) -> None:
    with pytest.raises(NoSuchService):
        models.service(name)


def test_what_is_no_operation_is_not_found() -> None:
    with pytest.raises(NoSuchOperation):
        models.service("iam").operation("PassRole")
