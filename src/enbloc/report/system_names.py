"""What each system is called."""

from __future__ import annotations

SYSTEM_NAMES: dict[str, str] = {
    "wbb": "WBB",
    "enneking": "Enneking stage",
    "tomita": "Tomita type",
    "tnm": "TNM",
    "mclain_weinstein": "McLain–Weinstein",
    "escc": "Epidural compression (ESCC)",
    "sins": "SINS",
    "sacral": "Sacral type",
    "boriani": "Boriani type",
    "tokuhashi": "Tokuhashi, revised",
    "tomita_score": "Tomita score",
    "pelvic_sacral": "Pelvic-sacral type",
    "thoracic_dumbbell": "Thoracic dumbbell type",
    "paravertebral": "Paravertebral type",
    "pancoast": "Pancoast class",
    "lung_vertebra": "Lung into vertebra",
}
