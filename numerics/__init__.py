"""What happens: networks, their training, and the linear algebra that measures it (torch and numpy only).

Every tensor carries one leading batch dimension ``B``: a batch is many independent networks.
"""

from .inference import Correlation, Interval, mu
from .information import observed_correlation

__all__ = ["Correlation", "Interval", "mu", "observed_correlation"]
