"""A normal distribution of many coefficients, by the Cholesky factor of its information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from xebra.arrays import Floats, Matrix


@dataclass(frozen=True, eq=False)
class Posterior:
    """The Cholesky factor of an information, in the upper triangle."""

    factor: Matrix

    @classmethod
    def of(cls, information: Matrix) -> Posterior:
        """Return the posterior of an information (N, N), which is overwritten.

        Raises LinAlgError where the information is not positive definite.
        """
        factor, failed = lapack.dpotrf(information.T, lower=0, clean=0, overwrite_a=1)  # .T: no copy
        if failed:
            raise np.linalg.LinAlgError("the information is not positive definite")
        return cls(factor)

    def solve(self, right: Floats) -> Floats:
        """Return the mean (N,) for information x mean (N,)."""
        solution: Floats = lapack.dpotrs(self.factor, right, lower=0)[0]
        return solution

    def covariance(self) -> Matrix:
        """Return the covariance (N, N) in the upper triangle."""
        result: Matrix = lapack.dpotri(self.factor, lower=0)[0]
        return result


def symmetric(upper: Matrix) -> Matrix:
    """Return the symmetric matrix of an upper triangle."""
    result: Matrix = np.triu(upper)
    return result + np.triu(upper, 1).T
