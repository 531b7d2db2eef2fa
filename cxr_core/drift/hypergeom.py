"""The hypergeometric distribution, for shares of few or many images; scipy's takes half a second to be imported."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln


def pmf(k: ArrayLike, total: ArrayLike, marked: ArrayLike, drawn: ArrayLike) -> NDArray[np.float64]:
    """The chance of k marked ones among those drawn of the total; elementwise, each k a possible one."""
    k, total, marked, drawn = (np.asarray(each, np.float64) for each in (k, total, marked, drawn))
    ways = _log_ways(marked, k) + _log_ways(total - marked, drawn - k) - _log_ways(total, drawn)
    return np.asarray(np.exp(ways))


def upper(k: int, total: int, marked: int, drawn: int) -> float:
    """The chance of k marked ones or more among those drawn; k a possible number of them."""
    following = np.arange(k, min(marked, drawn), dtype=np.float64)
    ratios = (marked - following) * (drawn - following) / ((following + 1) * (total - marked - drawn + following + 1))
    return float(pmf(k, total, marked, drawn) * (1 + np.cumprod(ratios).sum()))


def lower(k: int, total: int, marked: int, drawn: int) -> float:
    """The chance of k marked ones or fewer: so many not marked, or more."""
    return upper(drawn - k, total, total - marked, drawn)


def _log_ways(of: NDArray[np.float64], chosen: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the number of ways to choose so many."""
    return np.asarray(gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1))
