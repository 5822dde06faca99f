"""Kill executors of a local cluster before and during a pass over the rows: the statistics are those without it."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import gmmx
from gmmx.spark.rows import SparkRows

K, D = 200, 16
MIXTURE = gmmx.Mixture(
    np.full(K, 1 / K),
    np.random.default_rng(0).normal(size=(K, D)),
    "full",
    covariances=np.stack([np.eye(D)] * K),
)

builder = SparkSession.builder.master("local-cluster[2,1,700]").config("spark.executor.memory", "500m")
for name, value in {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "OFF",
    "spark.ui.enabled": "false",
}.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
tracker = spark.sparkContext.statusTracker()


def executors():
    """Return the executors' processes, which the driver's Java started."""
    parent = str(spark.sparkContext._gateway.proc.pid)
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", parent], capture_output=True, text=True, check=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "CoarseGrainedExecutorBackend" in line]


def kill_one():
    victim = executors()[0]
    os.kill(victim, signal.SIGKILL)
    return victim


def kill_one_at_work(killed):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        at_work = [stage for stage in stages if stage and stage.numActiveTasks == 2]
        if at_work:
            kill_one()
            killed.append(at_work[0].stageId)
            return


features = F.array(*(F.sin(F.col("id") * (i + 1)) for i in range(D))).alias("features")
try:
    with SparkRows(spark.range(0, 240_000, 1, 4).select(features), "features") as rows:
        undisturbed = rows.statistics(MIXTURE).to_bytes()
        kill_one()
        assert rows.statistics(MIXTURE).to_bytes() == undisturbed, "after a kill before the pass"

        killed: list[int] = []
        killer = threading.Thread(target=kill_one_at_work, args=(killed,))
        killer.start()
        disturbed = rows.statistics(MIXTURE).to_bytes()
        killer.join()
        assert killed, "no pass was seen at work"
        assert tracker.getStageInfo(killed[0]).numFailedTasks >= 1, "the kill met no task"
        assert disturbed == undisturbed, "after a kill during the pass"
    print("equal after 2 executors were killed")
finally:
    logs = Path(os.environ.get("SPARK_HOME", Path(pyspark.__file__).parent)) / "work" / spark.sparkContext.applicationId
    spark.stop()
    shutil.rmtree(logs, ignore_errors=True)
