"""From text to canonical tables: every row is used, or listed with the reason it was not.

All reading happens inside the engine. Order lines stay there (:mod:`kamlib.period.activity`
condenses them); the other tables are small and come back as frames. Its modules load when they are
used: a period that was prepared before needs no engine.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "account": ["control_totals", "order_values", "row_account", "set_aside_rows"],
        "book": ["Intake", "read_book"],
        "notices": ["Notice"],
        "oddities": ["later_lines"],
        "plans": ["plans_of"],
    },
)
