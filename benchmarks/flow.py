"""Task A: the gradient flow of 256 two-layer linear networks, against torchdiffeq and diffrax.

    taskset -c 1 python benchmarks/flow.py

Medians of interleaved repetitions in one process, one thread each.
"""

import argparse
import statistics
import time

import instances
from contenders import by_diffrax, by_torchdiffeq, one_by_one, ours

OURS = "lemmaflow reduced_flow"
ONE, BATCH = "(i) torchdiffeq, one by one", "(ii) torchdiffeq, the batch"
COMPILED = {"(iii) diffrax Tsit5": by_diffrax("Tsit5"), "(iii) diffrax Dopri5": by_diffrax("Dopri5")}
PROGRAMS = {OURS: ours, ONE: one_by_one, BATCH: by_torchdiffeq, **COMPILED}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--batch", type=int, default=256, help="networks of ours, (ii) and (iii)")
    parser.add_argument("--wide", type=int, default=8, help="networks of (ii) and (iii) for h > 100")
    parser.add_argument("--sample", type=int, default=4, help="networks of (i)")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print("| h | program | networks | ms a network | over ours | largest relative deviation of a loss |")
    print("|---:|---|---:|---:|---:|---:|")
    for h in options.widths:
        peers = options.batch if h <= 100 else options.wide
        sizes = dict.fromkeys(PROGRAMS, peers) | {OURS: options.batch, ONE: options.sample}
        compare(h, sizes, options.repeat)


def compare(h: int, sizes: dict[str, int], repeat: int) -> None:
    """One block of the table; losses deviate from our engine's at ``rtol = 1e-13``."""
    networks = instances.draw(h, max(sizes.values()))
    reference = ours(*networks, rtol=1e-13)
    spent: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    worst = dict.fromkeys(PROGRAMS, 0.0)
    for name in (OURS, *COMPILED):
        PROGRAMS[name](*(a[: sizes[name]] for a in networks))  # compiles and warms up, not timed
    for _ in range(repeat):
        for name, program in PROGRAMS.items():
            B = sizes[name]
            data = [a[:B] for a in networks]
            start = time.perf_counter()
            losses = program(*data)
            spent[name].append((time.perf_counter() - start) / B * 1e3)
            worst[name] = max(worst[name], float(((losses - reference[:B]) / reference[:B]).abs().max()))
    medians = {name: statistics.median(series) for name, series in spent.items()}
    for name, ms in medians.items():
        ratio = ms / medians[OURS]
        print(f"| {h} | {name} | {sizes[name]} | {ms:.2f} | {ratio:.1f} | {worst[name]:.1e} |", flush=True)


if __name__ == "__main__":
    main()
