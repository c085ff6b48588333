"""A network's certificate in words."""

from __future__ import annotations

from collections.abc import Iterator

from xebra.weights import Weights


def lines(network: Weights) -> Iterator[str]:
    """Yield a network's name, weights and certificate, one line for each group of pairs."""
    yield f"{network.name}: weights {network.sha256[:12]}. {network.description}"
    certificate = network.certificate
    if certificate is None:
        yield "  not certified"
        return
    yield f"  {certificate['statement']} ({len(certificate['specimens'])} images of held-out specimens):"
    for name, group in certificate["groups"].items():
        share = f"{100 * group['wrong_upper_bound']:.2f} %" if group["accepted"] else "-"
        word = "certified" if group["certified"] else f"at most {share} wrong"
        counts = f"{group['accepted']} of {group['pairs']} accepted, {group['accepted_wrong']} of them wrong"
        yield f"  {name}: {counts}" + (f"; {word}" if group["right"] else f", {group['refused']} refused")
