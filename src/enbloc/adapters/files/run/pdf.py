"""Pages as PDF, set by Typst: fonts embedded, tagged for screen readers (PDF/UA-1), the same bytes for the same pages.

The typesetter brings its own Latin fonts. Chinese needs a font of the machine; without one the reason says how to get
it, and everything else of the run is written.
"""

from __future__ import annotations

import json

import typst

from enbloc.errors import FileError

LATIN_FONTS = ("Libertinus Serif", "DejaVu Sans Mono")
CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei"),
)
"""Font families with Simplified Chinese, the best first."""

NO_CHINESE_FONT = (
    "6-report.pdf was left out: no font with Chinese characters was found; install one "
    "(on Debian: apt-get install fonts-droid-fallback) and run `enbloc report RUN` again."
)
_FIRST_BEYOND_LATIN = 0x2E80


def pdf_bytes(layout: str, data: str) -> tuple[bytes | None, str]:
    """The pages, or None with the reason why there are none.

    Parameters
    ----------
    layout : str
        A Typst source that reads its ``report`` input.
    data : str
        That input, a JSON object; the names of the fonts are added to it as ``fonts``.

    Raises
    ------
    FileError
        If the pages cannot be set.
    """
    beyond_latin = any(ord(letter) >= _FIRST_BEYOND_LATIN for letter in data)
    fonts = typst.Fonts(include_system_fonts=beyond_latin)
    chinese = next((family for family in CHINESE_FONTS if family in fonts.families()), None) if beyond_latin else None
    if beyond_latin and chinese is None:
        return None, NO_CHINESE_FONT
    chosen = [*LATIN_FONTS, *((chinese,) if chinese else ())]
    inputs = {"report": json.dumps(json.loads(data) | {"fonts": chosen}, ensure_ascii=False)}
    try:
        pages: bytes = typst.compile(
            layout.encode(), format="pdf", font_paths=fonts, sys_inputs=inputs, pdf_standards=["ua-1"]
        )
    except typst.TypstError as error:
        raise FileError(f"the pages cannot be set ({error})", where="6-report.pdf", remedy="Report this.") from error
    return pages, ""
