"""What a cluster can place, said by a real one of two machines: before anything waits for it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from support.on_ray.clusters import Cluster

pytestmark = pytest.mark.slow

ASK = """
import json
from longtail.ray_cluster.connection import connect
from longtail.ray_cluster.fit import num_slots
import ray
from ray.core.generated import autoscaler_pb2
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
cluster.add_node(num_cpus=1, num_gpus=1)
connect(cluster.address)
said = {}

def ask(name, worker, workers):
    try:
        said[name] = num_slots(worker, workers, "lower it")
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"

ask("one CPU", {"CPU": 1}, 1)
ask("three of a CPU", {"CPU": 1}, 3)
ask("tenths", {"CPU": 0.1}, 1)
ask("a GPU", {"CPU": 1, "GPU": 1}, 1)
ask("four of a CPU", {"CPU": 1}, 4)
ask("three CPUs", {"CPU": 3}, 1)
ask("two GPUs", {"CPU": 1, "GPU": 1}, 2)
# What an autoscaler tells the head when it starts.
group = autoscaler_pb2.NodeGroupConfig(resources={"CPU": 4}, max_count=2, name="more")
config = autoscaler_pb2.ClusterConfig(node_group_configs=[group])
client = ray._private.worker.global_worker.gcs_client
client.report_cluster_config(config.SerializeToString())
ask("four that may come", {"CPU": 1}, 4)
ask("ninety", {"CPU": 1}, 90)
ask("two GPUs, none may come", {"CPU": 1, "GPU": 1}, 2)
print("said", json.dumps(said), flush=True)
ray.shutdown()
cluster.shutdown()
"""


def test_places_are_counted_by_machine_and_what_never_fits_is_refused(own_cluster: Cluster) -> None:
    environment = {**own_cluster.environment, "RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("said ")]
    assert lines, done.stderr
    said: dict[str, Any] = json.loads(lines[0].removeprefix("said "))
    assert said["one CPU"] == 3
    assert said["three of a CPU"] == 1
    assert said["tenths"] == 30
    assert said["a GPU"] == 1
    refused = "InfrastructureError: {} do not fit: the cluster has 2 CPU and 1 CPU, 1 GPU; lower it"
    assert said["four of a CPU"].startswith(refused.format("4 workers of 1 CPU"))
    assert said["three CPUs"].startswith(refused.format("1 workers of 3 CPU"))
    assert said["two GPUs"].startswith(refused.format("2 workers of 1 CPU, 1 GPU"))
    assert said["four that may come"] == 1
    assert said["ninety"].startswith(refused.format("90 workers of 1 CPU"))
    assert said["two GPUs, none may come"].startswith(refused.format("2 workers of 1 CPU, 1 GPU"))
    assert "it may grow, waiting for machines" in done.stderr
