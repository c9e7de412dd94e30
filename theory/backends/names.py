"""Names of the operations, in groups that the backends fill from their libraries."""

CIRCULAR = ("sin", "cos", "tan", "asin", "acos", "atan")
HYPERBOLIC = ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
PLAIN = ("exp", "log", "sign", "erf", "erfc", "floor")
UNARY = (*CIRCULAR, *HYPERBOLIC, *PLAIN, "abs", "gamma", "loggamma", "ceiling")

_ARITHMETIC = ("add", "sub", "mul", "div", "neg", "square", "pow", "sqrt", "atan2", "max", "min", "gamma_cdf", "entr")
_RELATIONS = ("lt", "le", "eq")
_TRUTH = ("logical_and", "logical_or", "logical_not", "piecewise")
_ALGEBRA = ("scale", "hadamard", "matmul", "transpose", "inverse", "trace", "det", "element", "vstack")
_MADE = ("identity", "zeros", "ones", "dense")
_SPECTRAL = ("eigenvalues", "singular_values", "mirrored", "kth", "total", "frobenius", "inner")
_RANK = ("row_projector", "pseudo_inverse")
_GAUSSIAN = ("row_norms", "absolute_kernel", "absolute_slope")
_TABLES = ("marginal_entropy", "log_margin")

SCALAR_OPERATIONS = frozenset((*UNARY, *_ARITHMETIC, *_RELATIONS))
OPERATIONS = SCALAR_OPERATIONS.union(_TRUTH, _ALGEBRA, _MADE, _SPECTRAL, _RANK, _GAUSSIAN, _TABLES)
