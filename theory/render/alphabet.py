"""Characters: LaTeX commands, Unicode sub- and superscripts."""

import re

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[_^{}]|\d+(?:\.\d+)?|\s+|.", re.S)
ACCENTS = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308"}
ACCENTS |= {"widetilde": "\u0303", "widehat": "\u0302", "overline": "\u0304"}
_WRAPPERS = {"mathrm", "mathbf", "mathbb", "mathcal", "operatorname", "text", "mathsf", "boldsymbol"}

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι "
    "kappa κ lambda λ mu μ nu ν xi ξ pi π varpi ϖ rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ "
    "psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
_SIGNS = (
    "ell ℓ infty ∞ partial ∂ nabla ∇ top ⊤ perp ⊥ prime ′ star ⋆ dagger † circ ∘ le ≤ leq ≤ ge ≥ geq ≥ "
    "ne ≠ neq ≠ approx ≈ sim ∼ in ∈ notin ∉ subset ⊂ cup ∪ cap ∩ wedge ∧ vee ∨ land ∧ lor ∨ neg ¬ "
    "lnot ¬ forall ∀ exists ∃ to → rightarrow → Rightarrow ⇒ mapsto ↦ cdot · times × otimes ⊗ odot ⊙ "
    "pm ± mp ∓ sum ∑ prod ∏ int ∫ langle ⟨ rangle ⟩ lVert ‖ rVert ‖ Vert ‖ lfloor ⌊ rfloor ⌋ lceil ⌈ "
    "rceil ⌉ ldots … cdots ⋯ dots … succeq ⪰ preceq ⪯ emptyset ∅ mid ∣ hbar ℏ"
)


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


GREEK = _pairs(_GREEK)
UNICODE_OF = GREEK | _pairs(_SIGNS) | {"|": "‖", "{": "{", "}": "}", "_": "_", "%": "%", "&": "&"}
LATEX_OF = {v: f"\\{k}" for k, v in reversed((GREEK | _pairs(_SIGNS)).items())} | {
    "‖": r"\|",
    "−": "-",
    "{": r"\{",
    "}": r"\}",
}
SUBSCRIPTS = dict(zip("0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
SUPERSCRIPTS = dict(
    zip(
        "0123456789+−-=()abcdefghijklmnoprstuvwxyzT⊤",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵀ",
        strict=True,
    )
)
