"""Masks and blemishes are fixed to the detector's frame, and views show the specimen outside of them only."""

import math

import pytest
import torch

from xebra.specimen import blemishes, usable
from xebra.specimen.pairs import GROUP, PairSource, Range

SIZE = 64
PX = torch.full((1, 1, 1), float(SIZE))


def table(columns, seed=0, count=1):
    return torch.rand(count, columns, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def source():
    return PairSource(13, size=SIZE, pool=4, renew=False)


def test_a_whole_frame_is_usable_where_nothing_is_masked():
    mask = usable.usable(torch.ones(1, usable.COLUMNS), usable.own_frame(1, SIZE), PX)
    assert torch.equal(mask, torch.ones(1, SIZE, SIZE))


def test_masks_leave_enough_of_a_frame_and_no_two_tables_give_the_same():
    masks = usable.usable(table(usable.COLUMNS, 1, 200), usable.own_frame(200, SIZE), PX)
    shares = masks.mean((1, 2))
    assert shares.min() >= usable.LEAST and shares.max() <= 1
    assert len({round(float(share), 4) for share in shares}) > 100


def test_a_data_bar_hides_the_bottom_rows():
    numbers = torch.ones(1, usable.COLUMNS)
    numbers[0, 0] = 0.5  # its height: 0.12 widths
    numbers[0, 1] = 0.9  # not at the top
    numbers[0, 2] = 0.0  # it is there
    mask = usable.usable(numbers, usable.own_frame(1, SIZE), PX)[0]
    hidden = round(0.12 * SIZE)
    assert not mask[-hidden + 1 :].any() and (mask[: -hidden - 1] == 1).all()


def test_a_laid_frame_turns_scales_and_shifts_the_mask_with_its_detector():
    own = usable.own_frame(1, SIZE)
    half = torch.tensor([0.5])
    frame = usable.laid_frame(torch.tensor([math.pi / 2]), half, torch.tensor([[0.25, 0.0]]), own)
    shown = usable.inside(frame, PX / 2)[0]
    rows, columns = (shown > 0.5).nonzero().unbind(1)
    assert (rows.min(), rows.max()) == (SIZE // 4, 3 * SIZE // 4 - 1)
    assert (columns.min(), columns.max()) == (SIZE // 2, SIZE - 1)
    assert torch.allclose(frame[0, SIZE // 2, -1], torch.tensor([0.0, -0.5]), atol=0.05)  # a quarter turn


def test_dust_and_shading_stay_at_the_same_place_of_the_detector():
    numbers, own = table(blemishes.COLUMNS, 3, 40), usable.own_frame(40, SIZE)
    one, other = (torch.randn(40, SIZE, SIZE, generator=torch.Generator().manual_seed(i)) for i in (1, 2))
    added = [blemishes.blemished(numbers, own, image) - image for image in (one, other)]
    spread = [image.flatten(1).std(1)[:, None, None] for image in (one, other)]
    assert torch.allclose(added[0] / spread[0], added[1] / spread[1], atol=1e-4)
    assert 5 < (added[0].abs().amax((1, 2)) > 0).sum() < 30


def test_views_hold_nothing_where_they_are_not_usable(source):
    pairs = source.batch(16, Range(), masked=1.0)
    for view in pairs.views:
        values, area = view.unbind(1)
        assert not values[area == 0].any() and (area == 0).any()
    whole = source.batch(2, Range()).views[0]
    assert (whole[:, 1] == 1).all()


def test_neighbours_share_masks_so_that_masks_do_not_tell_pairs_apart(source):
    areas = source.batch(4 * GROUP, Range(), masked=1.0).fixed_usable.unflatten(0, (-1, GROUP))
    assert torch.equal(areas, areas[:, :1].expand_as(areas))
    assert len({tuple(area.flatten().tolist()) for area in areas[:, 0]}) > 1


def test_masks_are_shared_by_both_images_of_some_pairs_and_not_of_others(source):
    pairs = source.batch(16 * GROUP, Range(), masked=1.0)
    same = (pairs.fixed_usable == pairs.moving_usable).flatten(1).all(1)
    assert same.any() and not same.all()


def test_a_laid_moving_image_often_shows_a_part_of_the_view_only(source):
    pairs = source.batch(64, Range(), laid=True)
    assert (pairs.fixed_usable == 1).all()
    partly = (pairs.moving_usable.mean((1, 2, 3)) < 0.99).float().mean()
    assert 0.3 < partly < 0.8
