"""Values as JSON, the same bytes for the same values.

Every float is rounded to `DECIMALS`: a millionth of a millimetre, far below what is measured, far above the noise of
the last bits. A number that is not finite has no JSON and is refused: what is not known is `Unknown`, written as
``{"unknown": "why"}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

import attrs
import cattrs
import numpy as np

from enbloc.foundation.evidence.estimates import Estimate, Unknown

DECIMALS = 6

Json = dict[str, Any]
"""A JSON object; its values are whatever `to_plain` makes."""


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook(Unknown, lambda unknown: {"unknown": unknown.because})
    converter.register_unstructure_hook(Estimate, _estimate)
    return converter


def _estimate(estimate: Estimate) -> Json:
    plain: Json = {key: getattr(estimate, key) for key in ("value", "low", "high", "unit")}
    return plain | ({"because": estimate.because} if estimate.because else {})


_CONVERTER = _converter()


def to_plain(value: object) -> Any:
    """A value of the program as what JSON can hold: dict, list, str, int, float, bool and None.

    Raises
    ------
    ValueError
        If a number in it is not finite.
    TypeError
        If it holds something that has no form in JSON.
    """
    plain = _CONVERTER.unstructure(value) if attrs.has(type(value)) else value
    if isinstance(plain, Mapping):
        return {str(key): to_plain(item) for key, item in plain.items()}
    if isinstance(plain, Set):
        return [to_plain(item) for item in sorted(plain)]
    if isinstance(plain, list | tuple):
        return [to_plain(item) for item in plain]
    return _plain_scalar(plain)


def _plain_scalar(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no form in JSON; what is not known is Unknown")
        return round(value, DECIMALS) + 0.0
    if value is None or isinstance(value, str | bool | int):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def json_text(value: object) -> str:
    """JSON text of a value, two spaces deep, ending in a line feed; lists of numbers stay on one line."""
    return _write(to_plain(value), "") + "\n"


def _write(value: object, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        items = [
            f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_write(item, deeper)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(f"{deeper}{_write(item, deeper)}" for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
