"""What readers see."""

from kamlib.page.amounts import change, date, money, number, share

__all__ = ["change", "date", "money", "number", "share"]
