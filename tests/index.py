"""Compares the proposals of the index with the truth of simulated towns. See scripts/index-check.

    index.py FOLDER SEED...    the towns are in FOLDER/KINDS-SEED, the results of each in the folders 15 and 30
"""

import sys
from pathlib import Path

import polars as pl

LEAST_FOUND = 0.95
MOST_FALSE = 0.001


def counts(town, minutes):
    """Consumers; wrong transformers and those proposed rightly; the same of phases; proposals for others."""
    truth = pl.read_csv(town / "truth.csv", infer_schema_length=0)
    topology = pl.read_csv(town / "topology.csv", infer_schema_length=0).filter(pl.col("role") == "consumer")
    named = dict(topology.select("meter", "phase").iter_rows())
    rows = pl.read_parquet(town / str(minutes) / "index-proposals.parquet").filter(pl.col("state") == "open")
    proposed = {row["meter"]: row for row in rows.iter_rows(named=True)}
    # A meter that was exchanged is another one afterwards.
    wrong = {
        kind: dict(truth.filter(pl.col("kind") == kind, pl.col("meter").is_in(named)).select("meter", "transformer").iter_rows())
        for kind in ("wrong-transformer", "wrong-phase")
    }

    def is_right(kind, meter):
        row = proposed.get(meter)
        if row is None or row["proposed_transformer"] != wrong[kind][meter]:
            return False
        # The topology names the phase after the true one: b for a, c for b, a for c.
        before = {"a": "c", "b": "a", "c": "b"}.get(named[meter])
        return kind == "wrong-transformer" or row["proposed_phase"] == before

    found = {kind: sum(is_right(kind, meter) for meter in wrong[kind]) for kind in wrong}
    others = [meter for meter in proposed if not any(meter in meters for meters in wrong.values())]
    return (
        len(named),
        len(wrong["wrong-transformer"]),
        found["wrong-transformer"],
        len(wrong["wrong-phase"]),
        found["wrong-phase"],
        len(others),
    )


def main(folder, *seeds):
    folder, failed = Path(folder), False
    print("town   minutes  seed  consumers  wrong transformer: found  wrong phase: found  false")
    for kinds in ("index", "all"):
        for minutes in (15, 30):
            total = [0] * 6
            for seed in seeds:
                one = counts(folder / f"{kinds}-{seed}", minutes)
                total = [left + right for left, right in zip(total, one)]
                show(kinds, minutes, seed, one)
            show(kinds, minutes, "all", total)
            consumers, transformers, found, phases, _, false = total
            right = consumers - transformers - phases
            if transformers == 0 or found < LEAST_FOUND * transformers or false > MOST_FALSE * right:
                print(f"       missed: at least {LEAST_FOUND:.0%} found, at most {MOST_FALSE:.1%} false")
                failed = True
    sys.exit(failed)


def show(kinds, minutes, seed, one):
    consumers, transformers, found, phases, found_phases, false = one
    print(f"{kinds:<6} {minutes:>7} {seed:>5} {consumers:>10} {transformers:>18}: {found:>5} {phases:>12}: {found_phases:>5} {false:>6}")


main(*sys.argv[1:])
