"""The mutation score: what the systematic mutants of a claim came to, over all shards."""

from __future__ import annotations

from typing import Any


def merge_rows(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of two shards of one claim as one."""
    others = {row["name"]: row for row in b}
    return [_merged(row, others[row["name"]]) for row in a] if b else a


def _merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    near = a if a["closest"] >= b["closest"] else b
    return {
        **a,
        "refuted": a["refuted"] or b["refuted"],
        "differs": a["differs"] or b["differs"],
        "stronger": a["stronger"] or b["stronger"],
        "instances": a["instances"] + b["instances"],
        "closest": near["closest"],
        "curve": near["curve"],
    }


OUTCOMES = ("refuted", "survived", "weaker", "equivalent", "not applicable")


def summary_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The mutation score and the table of the report, from merged rows."""
    table = [_table_row(row) for row in rows]
    counts = {o: sum(r["outcome"] == o for r in table) for o in OUTCOMES}
    stronger = counts["refuted"] + counts["survived"]
    return {
        "tried": len(rows),
        "stronger": stronger,
        "refuted": counts["refuted"],
        "score": counts["refuted"] / stronger if stronger else None,
        "weaker": counts["weaker"],
        "equivalent": counts["equivalent"],
        "not_applicable": counts["not applicable"],
        "table": sorted(table, key=lambda r: OUTCOMES.index(r["outcome"]) if r["outcome"] != "survived" else -1),
    }


def _table_row(row: dict[str, Any]) -> dict[str, Any]:
    outcome, decided = _outcome(row)
    return {
        **{k: row[k] for k in ("name", "part", "operator")},
        "outcome": outcome,
        "decided": decided,
        "evidence": row["refuted"] or (_nearest(row) if outcome == "survived" else ""),
        "curve": row["curve"] if outcome == "survived" else None,
    }


def _nearest(row: dict[str, Any]) -> str:
    if row["closest"] > 0:
        return "exceeded on single draws, no more often than is allowed"
    return f"the nearest instance leaves a slack of {-row['closest']:.3g}, in units of what is asked for more"


def _outcome(row: dict[str, Any]) -> tuple[str, str]:
    """(outcome, how it was decided)

    refuted  implied   differs  stronger  ->  outcome
    yes      any       any      any           refuted
    no       yes       any      any           as its signs say
    no       no        yes      yes           survived
    no       no        yes      no            weaker on what was seen
    no       no        no       no            equivalent on what was seen
    """
    if row["refuted"]:
        return "refuted", "instance"
    if row["implied"]:
        return row["implied"], "symbolically"
    if not row["instances"]:
        return "not applicable", ""
    seen = f"on {row['instances']} instances"
    if row["stronger"]:
        return "survived", seen
    return ("weaker" if row["differs"] else "equivalent"), seen
