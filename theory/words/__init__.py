"""Words: what the papers talk about and sympy lacks."""

from theory.words.base import MatrixWord, ScalarWord, Word
from theory.words.gaussian import AbsoluteKernel, AbsoluteSlope, HermiteCoefficient, RowNorms
from theory.words.information import (
    BinaryEntropy,
    CoInformation,
    ConditionalEntropy,
    JointLaw,
    MarginalEntropy,
    MutualInformation,
)
from theory.words.matrices import ColumnProjector, PseudoInverse, RowProjector, Stack
from theory.words.scalars import ChiSquareCDF, PositivePart
from theory.words.spectral import (
    Eigenvalue,
    FrobeniusNorm,
    InnerProduct,
    NuclearNorm,
    SingularValue,
    SpectralNorm,
)

__all__ = [
    "AbsoluteKernel",
    "AbsoluteSlope",
    "BinaryEntropy",
    "ChiSquareCDF",
    "CoInformation",
    "ColumnProjector",
    "ConditionalEntropy",
    "Eigenvalue",
    "FrobeniusNorm",
    "HermiteCoefficient",
    "InnerProduct",
    "JointLaw",
    "MarginalEntropy",
    "MatrixWord",
    "MutualInformation",
    "NuclearNorm",
    "PositivePart",
    "PseudoInverse",
    "RowNorms",
    "RowProjector",
    "ScalarWord",
    "SingularValue",
    "SpectralNorm",
    "Stack",
    "Word",
]
