"""Single images as labels: pairs are made from them, in folders, on the command line and in an adaptation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from support.labelled import pair, textured
from typer.testing import CliRunner

from xebra.adaptation import add_images, read_labels, write_labels
from xebra.adaptation.adapt import FEWEST_LABELS, _split
from xebra.adaptation.evidence import label_evidence
from xebra.adaptation.labels import Label, labels_sha256
from xebra.adaptation.single_images import PAIRS, made_pairs, single_image, two_views
from xebra.cli import app
from xebra.errors import LabelsInvalid
from xebra.resample import coverage, resample


def images(count: int) -> list[Label]:
    return [single_image(textured(100 + seed, 256), f"image {seed}") for seed in range(count)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(300, 300), (150, 400), (401, 130)])
def test_the_transform_between_two_views_is_exact(seed: int, shape: tuple[int, int]) -> None:
    image = textured(seed, 420)[: shape[0], : shape[1]]
    fixed, moving, matrix = two_views(image, np.random.default_rng(seed))
    back = resample(moving, matrix, fixed.shape)
    seen = coverage(moving.shape, matrix, fixed.shape)
    assert seen.mean() > 0.2 and min(fixed.shape) >= 0.35 * min(shape)
    assert np.corrcoef(back[seen], fixed[seen])[0, 1] > 0.95


def test_made_pairs_differ_in_appearance_and_their_images_support_them() -> None:
    pairs = [made for image in images(2) for made in made_pairs(image)]
    supported = [label_evidence(made).is_supported for made in pairs]
    assert len(pairs) == 2 * PAIRS and np.mean(supported) > 0.8
    alike = []
    for made in pairs:
        seen = coverage(made.moving.shape, made.moving_from_fixed, made.fixed.shape)
        back = resample(made.moving, made.moving_from_fixed, made.fixed.shape)
        alike.append(np.corrcoef(back[seen], made.fixed[seen])[0, 1])
    assert np.median(np.abs(alike)) < 0.95 and min(alike) < -0.3


def test_the_same_image_gives_the_same_pairs() -> None:
    one, again = (made_pairs(images(1)[0]) for _ in range(2))
    assert labels_sha256(one) == labels_sha256(again)
    assert len({each.moving_from_fixed.tobytes() for each in one}) == PAIRS


def test_single_images_are_added_to_a_folder_and_read_back(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels", [pair(1)])
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, (1000 * textured(ord(name[0]), 200) + 5000).astype(np.uint16))
    result = CliRunner().invoke(
        app,
        ["labels", "add-images", *map(str, (tmp_path / "labels", tmp_path / "a.tif", tmp_path / "b.tif"))],
    )
    assert result.exit_code == 0 and "3 labels" in result.output, result.output
    read = read_labels(tmp_path / "labels")
    assert [label.is_single for label in read] == [False, True, True]
    assert [label.group for label in read] == ["1", "a.tif", "b.tif"]
    assert len(list((tmp_path / "labels").glob("*.tif"))) == 4  # a single image is stored once
    assert add_images(tmp_path / "labels", [tmp_path / "b.tif"]) == 4


def test_a_small_image_is_refused() -> None:
    with pytest.raises(LabelsInvalid, match="90 x 200 px"):
        single_image(np.zeros((200, 90), np.float32), "small")


def test_pairs_are_made_only_where_labels_are_few() -> None:
    singles = images(FEWEST_LABELS)
    trained, held_out = _split(singles)
    assert len(trained) + len(held_out) == PAIRS * len(singles)
    pairs = [pair(seed) for seed in range(FEWEST_LABELS)]
    trained, held_out = _split([*singles, *pairs])
    assert {label.group for label in [*trained, *held_out]} == {label.group for label in pairs}
    assert len(trained) + len(held_out) == len(pairs)


def test_training_on_single_images_lowers_its_loss() -> None:
    import torch

    from xebra.adaptation.label_pairs import LabelViews
    from xebra.adaptation.train_synthesis import squared_error
    from xebra.network.synthesis import Synthesis, SynthesisConfig
    from xebra.specimen.draw import Draw

    torch.manual_seed(1)
    network = Synthesis(SynthesisConfig())
    views = LabelViews([made for image in images(3) for made in made_pairs(image, 2)])
    shown, other, reference = views.batch(Draw(1, 2), 2, 64)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    losses = []
    for _ in range(3):
        loss = squared_error(network(shown, reference), other, shown[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert np.isfinite(losses).all() and losses[-1] < losses[0], losses
