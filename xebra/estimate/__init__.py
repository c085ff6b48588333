"""The registration pipeline: from the network's outputs to one transform, its uncertainty and a verdict.

Transforms are 3 x 3 matrices ``moving_from_fixed`` that act on (x, y, 1) in px; ``Estimate`` converts to
``fixed_from_moving`` at the interface. This package does not need torch.
"""
