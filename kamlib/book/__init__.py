"""The book: a folder that describes one company's data, and the settings in its ``book.toml``."""

from kamlib.book.criteria import ScoringSettings
from kamlib.book.limits import FigureSettings, SegmentationSettings
from kamlib.book.settings import (
    QUIET_DAYS,
    BookSettings,
    ConnectionSettings,
    DeliverySettings,
    FiscalYear,
    FreshnessSettings,
    HealthSettings,
    InputSettings,
    KeyAccountSettings,
    LossSettings,
    ProgrammeSettings,
    Settings,
    TableInput,
    ValueSettings,
    WinBackSettings,
    line_of,
    read_settings,
    validated,
)

__all__ = [
    "QUIET_DAYS",
    "BookSettings",
    "ConnectionSettings",
    "DeliverySettings",
    "FigureSettings",
    "FiscalYear",
    "FreshnessSettings",
    "HealthSettings",
    "InputSettings",
    "KeyAccountSettings",
    "LossSettings",
    "ProgrammeSettings",
    "ScoringSettings",
    "SegmentationSettings",
    "Settings",
    "TableInput",
    "ValueSettings",
    "WinBackSettings",
    "line_of",
    "read_settings",
    "validated",
]
