"""A network's certificate in words, on the command line."""

from dataclasses import replace

import pytest

from xebra import certificate, cli
from xebra.weights import weights


def test_each_group_is_a_line_and_says_whether_it_is_certified():
    made = {"statement": "at most 1 %", "specimens": ["a", "b"], "seed": 1}
    counts = {"accepted_wrong": 0, "right": 320, "refused": 3}
    certified = {"pairs": 330, "accepted": 310, "wrong_upper_bound": 0.0096, "certified": True, **counts}
    few = {**certified, "accepted": 100, "wrong_upper_bound": 0.0295, "certified": False}
    unrelated = {**few, "right": 0, "accepted": 0, "refused": 320}
    network = weights()
    config = {**network.config, "certificate": {**made, "groups": {"x": certified, "y": few, "z": unrelated}}}
    _, statement, *groups = certificate.lines(replace(network, config=config))
    assert statement == "  at most 1 % (2 images of held-out specimens):"
    assert groups == [
        "  x: 310 of 330 accepted, 0 of them wrong; certified",
        "  y: 100 of 330 accepted, 0 of them wrong; at most 2.95 % wrong",
        "  z: 0 of 330 accepted, 0 of them wrong, 320 refused",
    ]


@pytest.mark.parametrize("arguments", [["--version", "-v"], ["version", "--verbose"]])
def test_the_version_comes_with_the_certificate_of_the_default_network(arguments, capsys):
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "pyramid: weights" in printed and "held-out specimens" in printed and "one modality" in printed


def test_the_bundled_certificate_holds_the_counts_of_its_groups():
    groups = weights().certificate["groups"]
    assert {"one modality", "two modalities", "different, 256 px"} <= set(groups)
    for group in groups.values():
        assert group["accepted_wrong"] <= group["accepted"] <= group["pairs"] >= group["refused"]
