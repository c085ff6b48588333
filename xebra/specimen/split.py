"""Which specimens of a folder are trained on, and which are held out: decided by the specimen's name alone."""

from __future__ import annotations

import hashlib
import re



def specimen_of(stem: str) -> str:
    """Return the specimen of an image: its file's name up to the first underscore, running number removed.

    >>> specimen_of("khufaiB3_el_Fe_moving"), specimen_of("edxia1_bse"), specimen_of("tb_tomo_00059")
    ('khufai', 'edxia', 'tb')
    """
    word = stem.split("_")[0]
    capital = re.match(r"[A-Za-z][a-z]+", word)  # khufaiB3, jeolNi: one word, then which part of it
    return capital.group() if capital and capital.end() > 2 else word


def held_out(stem: str) -> bool:
    """Return whether an image's specimen is held out of training: half of them are.

    >>> held_out("khufaiB3_el_Fe_moving") == held_out("khufaiE1_el_Si_fixed")
    True
    """
    return hashlib.sha256(specimen_of(stem).encode()).digest()[0] % 2 == 1
