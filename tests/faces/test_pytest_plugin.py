"""The fixtures that other projects use, in a pytest of their own: the installed package brings the plugin."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def test_fixtures_give_a_fresh_account_a_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import boto3

        def test_one(passrole_account):
            iam = boto3.client("iam", **passrole_account.client_settings)
            assert iam.list_users()["Users"] == []
            iam.create_user(UserName="alice")

        def test_two(passrole_account):
            iam = boto3.client("iam", **passrole_account.client_settings)
            assert iam.list_users()["Users"] == []
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=2)
