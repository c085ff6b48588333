"""Sparse counts, noise, outlines and nearly empty scenes have the stated statistics."""

import torch

from xebra.specimen.counting import COARSE, noise_above_signal, sparse_counts
from xebra.specimen.draw import Draw
from xebra.specimen.outlines import nearly_empty, spread_outlines
from xebra.specimen.scenes import few_bodies, one_edge

COUNT, SIZE = 64, 72  # a multiple of every magnification
EVERY = torch.ones(COUNT, dtype=torch.bool)
NONE = ~EVERY


def disc(radius):
    line = torch.arange(SIZE) - (SIZE - 1) / 2
    return (torch.hypot(line[:, None], line[None]) < radius).float().expand(COUNT, -1, -1).clone()


def test_sparse_counts_are_integers_of_a_coarse_grid():
    image = torch.full((COUNT, SIZE, SIZE), 0.7)
    seen = sparse_counts(Draw(1, COUNT), image, EVERY)
    blocky = 0
    for one in seen:
        for step in COARSE:
            cells = one.unfold(0, step, step).unfold(1, step, step)
            if (cells.amax((2, 3)) == cells.amin((2, 3))).all() and one.max() > 0:
                levels = torch.unique(cells[..., 0, 0])
                assert torch.allclose(levels / levels[1], (levels / levels[1]).round(), atol=1e-3)
                blocky += 1
                break
    assert blocky >= COUNT // 6  # a third are magnified without smoothing


def test_sparse_counts_keep_the_mean_brightness_and_other_images_stay():
    image = torch.rand(COUNT, 1, 1).expand(-1, SIZE, SIZE).contiguous()
    seen = sparse_counts(Draw(2, COUNT), image, EVERY)
    assert torch.corrcoef(torch.stack([seen.mean((1, 2)), image.mean((1, 2))]))[0, 1] > 0.7
    assert torch.equal(sparse_counts(Draw(2, COUNT), image, NONE), image)


def test_noise_exceeds_the_signal_in_some_images_and_is_blobby_in_some():
    image = disc(15)
    noise = noise_above_signal(Draw(3, COUNT), image, EVERY) - image
    ratio = noise.flatten(1).std(1) / image.flatten(1).std(1)
    assert ratio.min() > 0.2 and ratio.max() > 1
    neighbours = (noise[:, :, 1:] * noise[:, :, :-1]).mean((1, 2)) / noise.square().mean((1, 2))
    assert (neighbours > 0.3).any() and (neighbours < 0.1).any()


def test_outlines_become_larger_in_some_images_and_smaller_in_others():
    image = disc(12)
    area = (spread_outlines(Draw(4, COUNT), image, EVERY) > 0.5).float().mean((1, 2))
    true = image.mean((1, 2))
    assert (area > 1.1 * true).any() and (area < 0.9 * true).any()


def test_nearly_empty_maps_are_mostly_black_and_saturated_where_they_are_not():
    image = torch.rand(COUNT, SIZE, SIZE)
    seen = nearly_empty(Draw(5, COUNT), image, EVERY)
    assert ((seen == 0).float().mean((1, 2)) > 0.6).all()
    assert ((seen == 1).float().sum((1, 2)) > 0).all()


def test_scenes_have_little_structure():
    bodies, edge = few_bodies(Draw(6, 8), 96), one_edge(Draw(7, 8), 96)
    for layer in (bodies, edge):
        assert layer.cover.min() >= 0 and layer.cover.max() <= 1 and layer.height.isfinite().all()
    covered = (bodies.cover > 0.5).float().mean((1, 2))
    assert (covered > 0).any() and covered.median() < 0.5
    assert ((edge.cover > 0.5).float().mean((1, 2)) - 0.5).abs().max() < 0.45
