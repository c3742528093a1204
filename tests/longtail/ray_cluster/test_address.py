"""Addresses that no cluster answers at."""

import pytest

from longtail.commands import InfrastructureError
from longtail.ray_cluster.connection import connect


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:6379"])
def test_an_address_where_nobody_listens_is_told_at_once(address: str) -> None:
    with pytest.raises(InfrastructureError, match=f"cannot reach a Ray cluster at {address}: "):
        connect(address)
