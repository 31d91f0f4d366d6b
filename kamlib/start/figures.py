"""A cell's figure in a statement: what its text means as a number, by the decimal mark."""

from __future__ import annotations


def number_of(cell: str, decimal: str, *, is_typed: bool) -> str:
    """Return a cell, written for a statement, as a number; nothing where it is none.

    >>> number_of('t."Net"', ".", is_typed=True)
    'TRY_CAST((t."Net")::VARCHAR AS DECIMAL(18, 6))'
    """
    own = f"({cell})::VARCHAR"
    if is_typed:
        return f"TRY_CAST({own} AS DECIMAL(18, 6))"
    own = f"regexp_replace({own}, '[.,][-–—]+', '')"  # 100,- is 100
    kept = f"regexp_replace({own}, '[^0-9.,]', '', 'g')"
    plain = f"replace({kept}, ',', '')"
    if decimal == ",":
        plain = f"replace(replace({kept}, '.', ''), ',', '.')"
    sign = f"CASE WHEN regexp_matches({own}, '^\\(|[-−]') THEN -1 ELSE 1 END"
    power = f"regexp_matches({own}, '^[+-]?\\d+([.,]\\d+)?[eE][+-]?\\d+$')"
    large = f"TRY_CAST(replace({own}, ',', '.') AS DOUBLE)::DECIMAL(18, 6)"
    return f"CASE WHEN {power} THEN {large} ELSE TRY_CAST({plain} AS DECIMAL(18, 6)) * {sign} END"
