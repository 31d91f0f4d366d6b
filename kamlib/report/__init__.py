"""Rendering and publishing reports; it knows notebooks and pages, and nothing of analysis."""

from kamlib.report.managers import each_manager
from kamlib.report.request import Request, in_own_folder
from kamlib.report.run import Outcome, render

__all__ = ["Outcome", "Request", "each_manager", "in_own_folder", "render"]
