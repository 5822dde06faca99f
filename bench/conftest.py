"""Prints, after the benchmarks of this folder, how many times faster the native core was than the reference."""

from collections import defaultdict


def pytest_terminal_summary(terminalreporter, config):
    """Print a Markdown table of the medians and their ratio, a line for each pair."""
    session = getattr(config, "_benchmarksession", None)
    medians = defaultdict(dict)
    for bench in session.benchmarks if session else []:
        if not bench.has_error and "side" in bench.extra_info:
            medians[bench.group][bench.extra_info["side"]] = bench.stats.median
    if not medians:
        return
    write = terminalreporter.write_line
    write("")
    write("| operation | rows x features, K | type | reference | native | times faster |")
    write("|---|---|---|---:|---:|---:|")
    for group, sides in medians.items():
        if len(sides) == 2:
            slow, fast = sides["reference"], sides["native"]
            write(f"| {group} | {1e3 * slow:.3g} ms | {1e3 * fast:.3g} ms | {slow / fast:.1f} |")
