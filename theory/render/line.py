"""Details of the one-line Unicode writer: scripts and parentheses."""

from theory.render.alphabet import SUBSCRIPTS, SUPERSCRIPTS


def lowered(text: str) -> str:
    """As subscript; with _ where Unicode has no subscript for a character."""
    if text and all(c in SUBSCRIPTS for c in text):
        return "".join(SUBSCRIPTS[c] for c in text)
    return f"_{text}" if len(text) == 1 or text.isalnum() else f"_({text})"


def raised(text: str) -> str:
    """As superscript; with ^ where Unicode has no superscript for a character."""
    plain = text.replace(" ", "")
    if plain and all(c in SUPERSCRIPTS for c in plain):
        return "".join(SUPERSCRIPTS[c] for c in plain)
    return f"^{text}" if len(text) == 1 or text.isalnum() else f"^({text})"


def tight(text: str, allowed: str = "") -> str:
    """In parentheses unless it is one unit (``allowed`` characters may stand in it)."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{⟨") - (c in ")]}⟩")
        if depth == 0 and c in " +−-·/∑∏" and c not in allowed and not (i == 0 and c == "√"):
            return f"({text})"
    return text
