"""What readers see: headlines, key figures, tables and charts, in JupyterLab and on published pages
alike.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "export": ["publish"],
        "show": [
            "actions",
            "cards",
            "chart",
            "gap",
            "headline",
            "look",
            "note",
            "points",
            "table",
        ],
    },
)
