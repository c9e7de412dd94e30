"""The report as Markdown: the table of verdicts, then a short section a claim."""

from __future__ import annotations

from typing import Any

from . import numbers, power, summary


def render_markdown(report: dict[str, Any]) -> str:
    """The text; statements as LaTeX between dollars, where the report carries them."""
    blocks = [
        "# lemmaflow report",
        summary.headline(report),
        _table([summary.row(claim) for claim in report["claims"]]),
        _data(report["data"]),
        *[_claim(claim) for claim in report["claims"]],
        _figures(report["figures"]),
        "## How this was run",
        "\n".join(f"- {name}: {value}" for name, value in summary.run_facts(report)),
        _budget(report["error_level"]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *[list(row.values()) for row in rows]]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _data(data: dict[str, Any] | None) -> str:
    if data is None:
        return ""
    lines = f"## Data: {data['name']}\n\n{summary.data_sentence(data)}"
    rows = [
        {
            "what": p["what"],
            "claim": p["claim"],
            "predicted": numbers.number(p["predicted"]),
            "happened": numbers.number(p["happened"]),
            "unit": p["unit"],
        }
        for p in data.get("predictions", [])
    ]
    return f"{lines}\n\n{_table(rows)}".rstrip()


def _figures(figures: list[dict[str, Any]]) -> str:
    """What the pictures of the page show."""
    lines = [f"- **{f['title']}** ({f['paper']}): {f['caption']}" for f in figures]
    return "## Pictures, in report.html\n\n" + "\n".join(lines) if lines else ""


def _claim(claim: dict[str, Any]) -> str:
    blocks = [f"## {claim['id']}: {claim['title']}", _statement(claim.get("statement")), _assumptions(claim)]
    blocks.append(summary.CONTRADICTION if summary.is_unsound(claim) else "")
    blocks.append("\n".join(f"- **{v['name']}**: {v['sentence']}" for v in claim["verdicts"]))
    blocks += [_denominators(claim), _erratum(claim.get("erratum"))]
    blocks += [_counterexample(claim["counterexample"]), _mutants(claim["mutants"]), _systematic(claim)]
    blocks += [_sharpness(claim), _dropped(claim), _vacuity(claim), _footing(claim), _source(claim)]
    return "\n\n".join(block for block in blocks if block)


def _statement(statement: dict[str, Any] | None) -> str:
    parts = statement.get("parts", []) if statement else []
    return "\n\n".join(f"$${part['latex']}$$ {_scope(part)}" for part in parts)


def _scope(part: dict[str, str]) -> str:
    return part["quantifier"] + (f", where {part['condition']}" if part["condition"] else "")


def _assumptions(claim: dict[str, Any]) -> str:
    return f"Assumes: {'; '.join(claim['assumptions'])}." if claim.get("assumptions") else ""


def _denominators(claim: dict[str, Any]) -> str:
    ran = claim["instances"]
    limit = summary.violation_limit(claim)
    counts = ", ".join(f"{numbers.count(n)} {name}" for name, n in ran.items())
    return f"Instances: {counts}" + (f"; {limit[0]}: {limit[1]}." if limit else ".")


def _erratum(erratum: dict[str, str] | None) -> str:
    if not erratum:
        return ""
    corrected = f" (`{erratum['corrected']}`)" if erratum["corrected"] else ""
    lines = [
        f"- As stated: {erratum['printed']}",
        f"- True: {erratum['true']}{corrected}",
        f"- Leaves standing: {erratum['stands']}",
        f"- Second reading: {erratum['reading']}",
    ]
    return f"Erratum ({erratum['severity']}).\n\n" + "\n".join(lines)


def _counterexample(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    values = ", ".join(f"{n} {numbers.number(found[n], 7)}" for n in ("measured", "predicted", "excess", "budget"))
    return f"Counterexample: {values}. Replay: `{found['replay']}`"


def _mutants(mutants: dict[str, Any]) -> str:
    if not mutants["planted"]:
        return ""
    survivors = f"; not refuted: {', '.join(mutants['survivors'])}" if mutants["survivors"] else ""
    return f"Planted mutants refuted: {mutants['refuted']} of {mutants['planted']}{survivors}."


def _systematic(claim: dict[str, Any]) -> str:
    if claim["printed"]:
        return ""
    lines = [f"- survived: {m['name']} ({power.survived(m)})" for m in power.survivors(claim)]
    return "\n\n".join(filter(None, (power.systematic(claim), "\n".join(lines))))


def _sharpness(claim: dict[str, Any]) -> str:
    lines = [f"- {row['part']}: {row['sentence']}{_how(row)}" for row in claim["sharpness"]]
    return "Sharpness.\n\n" + "\n".join(lines) if lines else ""


def _how(row: dict[str, Any]) -> str:
    return f" ({row['how']})" if row["how"] else ""


def _dropped(claim: dict[str, Any]) -> str:
    rows = [
        {
            "assumption": row["assumption"],
            "needed": power.necessity(row),
            "held strictly": numbers.number(row["strict"]),
            "on the boundary": numbers.number(row["boundary"]),
            "evidence": row["sentence"],
        }
        for row in power.assumptions(claim)
    ]
    return _table(rows)


def _vacuity(claim: dict[str, Any]) -> str:
    rows = [
        {
            "part": part["part"],
            "known without the theorem": numbers.number(part["trivial"]),
            "says more on": numbers.share(part["share"]),
            "instances": power.said(part),
            "median gain": numbers.number(part["median_gain"], 3),
        }
        for part in claim["vacuity"]["parts"]
    ]
    return _table(rows)


def _footing(claim: dict[str, Any]) -> str:
    balls = claim["certificates"]
    counts = f"{balls['holds']} hold, {balls['fails']} fail, {balls['undecided']} undecided." if balls else ""
    lines = [f"{balls['sentence']} {counts}" if balls else "", power.engines(claim), power.trust(claim)]
    return "\n".join(f"- {line}" for line in lines if line)


def _budget(level: dict[str, Any]) -> str:
    rows = [
        {
            "claim": test["claim"],
            "test": f"{test['name']}: {test['test']}",
            "n": numbers.count(test["n"]),
            "p-value": numbers.number(test["p_value"], 2),
            "Holm": numbers.number(test["holm"], 2),
            "level": numbers.number(test["level"], 2),
            "power": numbers.share(test["power"]) + (f" at {test['power_at']}" if test["power_at"] else ""),
        }
        for test in level["table"]
    ]
    return f"## Error budget\n\n{power.spent(level)}.\n\n{_table(rows)}".rstrip()


def _source(claim: dict[str, Any]) -> str:
    source = claim.get("source")
    return f"Source: {source['paper']}, {source['where']} ({source['status']})." if source else ""
