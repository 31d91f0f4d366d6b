"""Rendering and publishing reports; it knows notebooks and pages, and nothing of analysis."""

from kamlib.report.run import Outcome, Request, render

__all__ = ["Outcome", "Request", "render"]
