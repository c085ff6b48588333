"""Files of a figure: PNG, PDF and SVG, with text that stays text and the fonts that it needs."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager

PictureFormat = Literal["png", "svg", "pdf"]
LATIN = "DejaVu Sans"  # comes with matplotlib
# Fonts with Chinese, Japanese and Korean letters, in the order of preference, by the start of the file name.
EAST_ASIAN = (
    *("NotoSansCJK", "NotoSansSC", "NotoSansJP", "SourceHanSans", "DroidSansFallbackFull", "wqy-microhei"),
    *("msyh", "simhei", "YuGoth", "malgun", "PingFang", "Hiragino Sans GB", "AppleSDGothicNeo"),
)
SVG = "http://www.w3.org/2000/svg"


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Return the font families of a figure: Latin letters first, then East Asian ones that are installed."""
    files = {Path(file).name.lower(): file for file in findSystemFonts()}
    for start in EAST_ASIAN:
        found = next((files[name] for name in sorted(files) if name.startswith(start.lower())), None)
        if found is not None:
            fontManager.addfont(found)
            return LATIN, FontProperties(fname=found).get_name()
    return (LATIN,)


@contextmanager
def style() -> Iterator[None]:
    """Draw and save figures with these fonts, text as text; a font without a bold weight is no warning."""
    fonts = logging.getLogger("matplotlib.font_manager")
    before = fonts.level
    fonts.setLevel(max(logging.ERROR, before))
    try:
        with rc_context({"font.family": list(families()), "svg.fonttype": "none", "pdf.fonttype": 42}):
            yield
    finally:
        fonts.setLevel(before)


def write(figure: Figure, target: str | Path | BinaryIO, format: PictureFormat, dpi: int) -> None:
    """Write a figure; images within an SVG or a PDF have the resolution ``dpi``."""
    with style():
        if format == "png":
            # Level 3: higher levels take twice as long and save little on noise.
            figure.savefig(target, format="png", dpi=dpi, pil_kwargs={"compress_level": 3})
        elif format == "pdf":
            figure.savefig(target, format="pdf", dpi=dpi, metadata={"CreationDate": None})
        else:
            _write_svg(figure, target, dpi)


def _write_svg(figure: Figure, target: str | Path | BinaryIO, dpi: int) -> None:
    file = io.BytesIO()
    figure.savefig(file, format="svg", dpi=dpi, metadata={"Date": None})
    content = _with_fonts(file.getvalue())
    if isinstance(target, str | Path):
        Path(target).write_bytes(content)
    else:
        target.write(content)


def _with_fonts(svg: bytes) -> bytes:
    """Return an SVG file with the letters of its fonts that its texts use."""
    texts = list(ElementTree.fromstring(svg).iter(f"{{{SVG}}}text"))
    letters = {letter for text in texts for letter in "".join(text.itertext())}
    weights = {"bold" if "bold" in (text.get("style") or "") else "normal" for text in texts}
    rules = [_rule(family, weight, letters) for family in families() for weight in sorted(weights)]
    start = svg.index(b"<defs>")
    return svg[:start] + f"<style>{''.join(rules)}</style>".encode() + svg[start:]


def _rule(family: str, weight: str, letters: set[str]) -> str:
    """Return a CSS rule with the part of a font that has these letters; empty where it has none."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(findfont(FontProperties(family=family, weight=weight)), fontNumber=0)
    wanted = {ord(letter) for letter in letters} & set(font.getBestCmap())
    if not wanted - {ord(" ")}:
        return ""
    subsetter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    font.flavor, file = "woff", io.BytesIO()
    font.save(file)
    data = base64.b64encode(file.getvalue()).decode()
    source = f"url(data:font/woff;base64,{data}) format('woff')"
    return f"@font-face{{font-family:'{family}';font-weight:{weight};src:{source}}}"
