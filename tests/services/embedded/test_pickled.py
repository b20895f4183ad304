"""moto's tables as bytes and back: what is shared stays shared, and what pickle cannot take is taken."""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from collections import defaultdict
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.services.embedded.cloud import ALPHA, Cloud

from passrole.services.embedded import seams
from passrole.services.embedded.locks import shared
from passrole.services.embedded.pickled import UNPICKLABLE, Loading, dump, tables
from passrole.services.embedded.tables import backend

REGION = "eu-west-1"


class Keyed(defaultdict[str, list[str]]):
    """As moto's are: with parameters of its own."""

    def __init__(self, owner: str) -> None:
        super().__init__(list)
        self.owner = owner


class Named:
    """Something that a weak dictionary may hold."""


def again(cloud: Cloud) -> None:
    """Everything that moto has is written, forgotten and read back."""
    written: list[bytes] = []
    for chosen in tables().values():
        into = io.BytesIO()
        dump(chosen, into)
        written.append(into.getvalue())
    seams.forget(cloud.directory)
    loading = Loading()
    for content in written:
        loading.load(io.BytesIO(content))
    loading.finish()


def round_trip(cloud: Cloud, value: object) -> Any:
    """The value, kept in a backend of moto's, after it was written and read back."""
    cloud.client("sqs").create_queue(QueueName="q")
    backend("sqs", ALPHA, REGION).extra = value
    again(cloud)
    return backend("sqs", ALPHA, REGION).extra


def test_what_two_services_share_is_one_and_the_same_afterwards(cloud: Cloud) -> None:
    ec2, scaling = cloud.client("ec2"), cloud.client("autoscaling")
    launched = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    scaling.create_launch_configuration(LaunchConfigurationName="c", ImageId="ami-1", InstanceType="t3.nano")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="c",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
    )
    scaling.attach_instances(AutoScalingGroupName="g", InstanceIds=[launched])
    again(cloud)
    machines, groups = backend("ec2", ALPHA, REGION), backend("autoscaling", ALPHA, REGION)
    assert groups.ec2_backend is machines
    (member,) = groups.autoscaling_groups["g"].instance_states
    assert member.instance is machines.by_id[launched]
    assert member.instance.autoscaling_group is groups.autoscaling_groups["g"]
    ec2.terminate_instances(InstanceIds=[launched])
    (group,) = cloud.embedded.scaling.groups()
    assert [one.gone for one in group.members] == [True]


def test_a_backend_that_is_only_referred_to_is_a_new_one(cloud: Cloud) -> None:
    cloud.client("autoscaling").describe_auto_scaling_groups()
    chosen = [one for one in tables()[shared("autoscaling")] if one.package == "autoscaling"]
    into = io.BytesIO()
    dump(chosen, into)
    seams.forget(cloud.directory)
    loading = Loading()
    loading.load(io.BytesIO(into.getvalue()))
    loading.finish()
    assert backend("autoscaling", ALPHA, REGION).ec2_backend.vpcs  # the default one, as in any new region
    assert cloud.client("ec2").describe_instances()["Reservations"] == []


@pytest.mark.parametrize(
    "make",
    [threading.Lock, threading.RLock, threading.Condition, threading.Event],
    ids=lambda one: one.__name__,
)
def test_locks_are_new_and_free(cloud: Cloud, make: Any) -> None:
    lock = make()
    if hasattr(lock, "acquire"):
        lock.acquire()
    found = round_trip(cloud, lock)
    assert type(found) is type(lock)
    if hasattr(found, "acquire"):
        assert found.acquire(blocking=False)
        found.release()
        lock.release()


def test_functions_without_a_name_keep_what_they_close_over(cloud: Cloud) -> None:
    number = 3
    found = round_trip(cloud, defaultdict(lambda: [number]))
    assert found["new"] == [3]


def test_a_dictionary_of_a_kind_of_its_own(cloud: Cloud) -> None:
    given = Keyed("me")
    given["a"].append("b")
    found = round_trip(cloud, given)
    assert (type(found), found.owner, dict(found)) == (Keyed, "me", {"a": ["b"]})
    assert found["new"] == []


def test_weak_references_refer_to_what_is_there(cloud: Cloud) -> None:
    one = Named()
    found = round_trip(cloud, [one, weakref.WeakValueDictionary({"one": one}), weakref.ref(one)])
    assert found[1]["one"] is found[0]
    assert found[2]() is found[0]


def test_a_temporary_file_keeps_content_and_place(cloud: Cloud) -> None:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(b"content")
        file.seek(3)
        found = round_trip(cloud, file)
    with found:
        assert found.read() == b"tent"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "ec", "ed25519"],
)
def test_keys(cloud: Cloud, key: Any) -> None:
    private, public = round_trip(cloud, (key, key.public_key()))
    assert private.public_key() == public == key.public_key()


def test_a_thread_has_ended(cloud: Cloud) -> None:
    assert round_trip(cloud, threading.Thread(target=print)) is None


def test_what_cannot_be_written_is_said(cloud: Cloud) -> None:
    cloud.client("sqs").create_queue(QueueName="q")
    backend("sqs", ALPHA, REGION).extra = (number for number in range(3))
    with pytest.raises(UNPICKLABLE):
        dump(tables()["sqs"], io.BytesIO())
