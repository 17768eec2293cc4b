"""One colour-blind-safe palette for every picture (Okabe and Ito), named by what it paints."""

from __future__ import annotations

INK = "#1d2a33"
QUIET = "#5b6873"
RULE = "#c9d1d6"
TUMOUR = "#d55e00"
SPECIMEN = "#009e73"
CANAL = "#56b4e9"
VESSEL = "#cc79a7"
LUNG = "#0072b2"
CUT = "#f0e442"
PAPER = "#ffffff"
BONE = "#e8dfc8"
