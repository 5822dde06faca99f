"""Timing of functions that take turns."""

import time


def best_of(functions, rounds):
    """Return the least seconds over this many calls of each function, in turns, and what the last ones returned."""
    least = dict.fromkeys(functions, float("inf"))
    results = {}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = time.perf_counter()
            results[name] = function()
            least[name] = min(least[name], time.perf_counter() - begin)
    return least, results
