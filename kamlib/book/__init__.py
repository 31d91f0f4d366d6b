"""The book: a folder that describes one company's data, and the settings in its ``book.toml``."""

from kamlib.book.criteria import ScoringSettings
from kamlib.book.settings import (
    BookSettings,
    ConnectionSettings,
    DeliverySettings,
    FiscalYear,
    HealthSettings,
    InputSettings,
    KeyAccountSettings,
    LossSettings,
    ProgrammeSettings,
    SegmentationSettings,
    Settings,
    TableInput,
    ValueSettings,
    WinBackSettings,
    line_of,
    read_settings,
    validated,
)

__all__ = [
    "BookSettings",
    "ConnectionSettings",
    "DeliverySettings",
    "FiscalYear",
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
