"""What became slower: calls of two builds of gmmx, in turns, on one processor; their results must agree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import machine
import numpy as np

WORKER = Path(__file__).parent / "workers" / "calls.py"
SECONDS_OF_A_TURN = 0.02
MOST_CALLS = 200


class Side:
    """A process that runs a build of gmmx."""

    def __init__(self, python):
        self.process = subprocess.Popen([python, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.announced = json.loads(self.process.stdout.readline())

    def run(self, task, calls):
        """Seconds of each call, and the figure of the result."""
        self.process.stdin.write(json.dumps({"task": task, "calls": calls}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["seconds"], answer["figure"]

    def end(self):
        """Let the process end."""
        self.process.stdin.close()
        self.process.wait()


def in_turns(task, sides, rounds, seconds_of_a_turn):
    """Seconds of all calls of each side, after a check that both have the same result."""
    first = [side.run(task, 1) for side in sides]
    if not np.isclose(first[0][1], first[1][1], rtol=1e-5):
        raise click.ClickException(f"{task}: the results differ: {first[0][1]} and {first[1][1]}")
    calls = max(1, min(MOST_CALLS, int(seconds_of_a_turn / min(first[0][0]))))
    times = [[], []]
    for turn in range(rounds):
        for i in (0, 1) if turn % 2 == 0 else (1, 0):
            times[i] += sides[i].run(task, calls)[0]
    return times


def line(task, times):
    """A row of the table."""
    (least_before, least_now), (before, now) = [[f(side) * 1e6 for side in times] for f in (np.min, np.median)]
    figures = f"{least_before:.4g} | {least_now:.4g} | **{least_now / least_before:.2f}**"
    return f"| {task} | {figures} | {before:.4g} | {now:.4g} | {now / before:.2f} |"


@click.command(help=__doc__)
@click.option("--before", required=True, help="The interpreter of an environment that has the earlier gmmx.")
@click.option("--now", default=sys.executable, help="The interpreter of the other. Default: this one.")
@click.option("--quick", is_flag=True, help="A few calls of each: does everything run?")
@click.option("--rounds", default=30, show_default=True, help="Turns of each side.")
@click.option("--only", default="", help="Only tasks whose names hold this text.")
def main(before, now, quick, rounds, only):
    """Print the table."""
    os.environ.update(machine.thread_variables(1))
    machine.keep_to_processors(1)
    sides = [Side(before), Side(now)]
    click.echo("| | before, least us | now | ratio | before, median us | now | ratio |")
    click.echo("|---|---:|---:|---:|---:|---:|---:|")
    for task in sides[1].announced["tasks"]:
        if only in task and not (quick and "200,000" in task):
            click.echo(line(task, in_turns(task, sides, 1 if quick else rounds, 0.0 if quick else SECONDS_OF_A_TURN)))
    for side in sides:
        side.end()


if __name__ == "__main__":
    main()
