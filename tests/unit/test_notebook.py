"""What a notebook shows of a result."""

import base64
import io
import re
from xml.etree import ElementTree

import pytest

from xebra.image import read_image


def test_the_html_is_well_formed_and_holds_picture_verdict_and_parameters(registration):
    found = registration(
        angle=0.1, fixed_spacing=0.01, names=("<b>a & b.tif", "moving.tif"), verdict="review"
    )
    text = found._repr_html_()
    tree = ElementTree.fromstring(text)
    assert tree.find(".//b").text == "review"
    rows = {row.find("th").text: row.find("td").text for row in tree.iter("tr")}
    assert rows["fixed"] == "<b>a & b.tif, 160 x 120 px, 10.0 nm/px"
    assert rows["angle"].startswith("+5.730")
    assert rows["expected corner error"] == "0.84 px (8.40 nm)"
    image = tree.find(".//img").get("src").removeprefix("data:image/png;base64,")
    assert read_image(io.BytesIO(base64.b64decode(image))).shape[2] == 4
    assert not re.search(r"script|http", re.sub(r"base64,[^\"]*", "", text))


def test_a_plot_is_a_figure_that_can_be_drawn_on_and_shows_itself(registration):
    figure = registration().plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Fixed", "Moving", "Registered", "Overlay"]
    figure.axes[0].plot([1, 2], [3, 4])
    assert read_image(io.BytesIO(figure._repr_png_())).shape[2] == 4


@pytest.mark.parametrize("shape", [(3000, 2000), (40, 900)])
def test_the_html_of_large_images_stays_small(registration, shape):
    assert len(registration(shape, (500, 400))._repr_html_()) < 2e6
