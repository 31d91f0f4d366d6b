"""The limits of the classes ABC, XYZ and RFM: ``[segmentation]`` in ``book.toml``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator


class FigureSettings(BaseModel, extra="forbid", frozen=True):
    """The keys of ``[segmentation]`` that the figures of an account rest on, whatever the limits of
    ABC.
    """

    window_months: int
    young_months: int
    xyz_frequency: tuple[float, float]
    xyz_variability: Literal["customer", "classic"] | tuple[float, float]


class SegmentationSettings(BaseModel, extra="forbid", frozen=True):
    """``[segmentation]``: limits of the classes; see the definitions of ABC and XYZ."""

    window_months: int = Field(12, ge=1, le=60)
    abc: tuple[float, float] = (0.80, 0.95)
    xyz_frequency: tuple[float, float] = (0.75, 1 / 3)
    xyz_variability: Literal["customer", "classic"] | tuple[float, float] = "customer"
    young_months: int = Field(6, ge=0, le=60)
    breadwinner_share: float = Field(0.10, gt=0, le=1)
    rfm: Literal["ranks", "rfm"] = "ranks"
    treatments: dict[str, str] = Field(default_factory=dict)

    @property
    def of_figures(self) -> FigureSettings:
        """The keys that the figures of an account rest on."""
        return FigureSettings(**{key: getattr(self, key) for key in FigureSettings.model_fields})

    @field_validator("abc", "xyz_frequency", "xyz_variability")
    @classmethod
    def _limits_in_order(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return value
        first, second = sorted(value, reverse=info.field_name == "xyz_frequency")
        if (first, second) != value or first == second or min(value) <= 0:
            order = "falling" if info.field_name == "xyz_frequency" else "rising"
            raise ValueError(f"give two {order} limits above zero")
        if info.field_name != "xyz_variability" and max(value) > 1:
            raise ValueError("limits are shares: at most 1")
        return value

    @field_validator("treatments")
    @classmethod
    def _known_cells(cls, value: dict[str, str]) -> dict[str, str]:
        cells = {f"{a}{x}" for a in "ABC" for x in "XYZN"}
        for cell in value:
            if cell not in cells:
                raise ValueError(f"'{cell}' is no cell of the matrix; cells are AX to CN")
        return value
