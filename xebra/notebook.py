"""A registration as HTML, for notebooks."""

from __future__ import annotations

import base64
import io
from html import escape

from xebra import picture
from xebra.image import Image
from xebra.lengths import length
from xebra.registration import Registration
from xebra.summary import not_used, parameters

DPI = 80  # of the picture: it is shown, not printed


def html(registration: Registration) -> str:
    """Return verdict, picture and parameters as HTML without scripts and links."""
    file = io.BytesIO()
    picture.save(registration, file, dpi=DPI)
    image = base64.b64encode(file.getvalue()).decode()
    color = picture.VERDICT_COLOR[registration.verdict]
    return (
        f'<div><p><b style="color:{color}">{registration.verdict}</b>: {escape(registration.reason)}</p>'
        f'<img alt="fixed, moving, registered and overlay" style="max-width:100%" '
        f'src="data:image/png;base64,{image}"/>{_table(registration)}</div>'
    )


def _table(registration: Registration) -> str:
    rows = [(name, _image(image)) for name, image in _images(registration)]
    rows += [(p.name, f"{p.value} ({p.metric})" if p.metric else p.value) for p in parameters(registration)]
    rows += [("not used", line) for line in not_used(registration)]
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _images(registration: Registration) -> tuple[tuple[str, Image], tuple[str, Image]]:
    return ("fixed", registration.fixed), ("moving", registration.moving)


def _image(image: Image) -> str:
    spacing = "" if image.pixel_spacing is None else f", {length(image.pixel_spacing)}/px"
    return f"{image.name}, {image.shape[1]} x {image.shape[0]} px{spacing}"
