"""Statements that read each row of one table by itself: what they give of some files of the table
does not depend on the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from kamlib.intake.sources.engine import Engine, quoted

PLACE = ("_file", "_row")
_PLAIN = {"COLUMN_REF", "CONSTANT", "CAST", "COMPARISON", "CONJUNCTION", "BETWEEN", "CASE"}
_PLAIN |= {"OPERATOR", "STAR", "FUNCTION"}
_CHANGING = {"age", "current_setting", "getenv", "getvariable", "version"}
"""Functions that the engine calls constant, though they tell of the day or of its surroundings."""
_OF_THE_DAY = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
_OF_THE_DAY |= {"current_user", "user", "session_user", "current_role", "current_catalog"}
_OF_THE_DAY |= {"current_schema", "current_database"}


@dataclass(frozen=True)
class RowWise:
    """A statement over one table, row by row; ``sql`` selects ``_file`` and ``_row`` as well."""

    table: str
    sql: str


def row_wise(text: str, engine: Engine) -> RowWise | None:
    """Return the table that a statement reads row by row; None where rows depend on one another,
    on other tables, on the day or on chance.
    """
    try:
        said = _asked(engine, f"json_serialize_sql({quoted(text)})")
        [statement] = json.loads(said)["statements"]
        node = statement["node"]
        if not _is_plain(node) or not _are_constant(_functions(node), engine):
            return None
        if not _has_place(node):
            return None
        sql = _asked(
            engine, f"json_deserialize_sql({quoted(json.dumps({'statements': [statement]}))})"
        )
    except (duckdb.Error, KeyError, ValueError):
        return None
    return RowWise(node["from_table"]["table_name"], sql)


def _asked(engine: Engine, what: str) -> str:
    return str(engine.one(f"SELECT {what}"))


def _is_plain(node: dict[str, Any]) -> bool:
    """Return whether a parsed SELECT has a list, one table and a condition, and nothing else."""
    source = node.get("from_table", {})
    is_one = source.get("type") == "BASE_TABLE" and not source.get("sample")
    is_one = is_one and not source.get("schema_name") and not source.get("column_name_alias")
    is_bare = node["type"] == "SELECT_NODE" and not any(
        node.get(name) for name in ("modifiers", "group_expressions", "having", "qualify", "sample")
    )
    is_bare = is_bare and not node.get("cte_map", {}).get("map") and not node.get("group_sets")
    is_bare = is_bare and node.get("aggregate_handling") == "STANDARD_HANDLING"
    return (
        is_one
        and is_bare
        and all(one["class"] in _PLAIN and not _is_of_the_day(one) for one in _expressions(node))
    )


def _is_of_the_day(one: dict[str, Any]) -> bool:
    names = one.get("column_names", [])
    return len(names) == 1 and names[0].casefold() in _OF_THE_DAY


def _expressions(node: Any) -> Iterator[dict[str, Any]]:
    """Give every expression of a parsed statement."""
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for inner in node.values():
            yield from _expressions(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _expressions(inner)


def _functions(node: dict[str, Any]) -> set[str]:
    return {
        one["function_name"].casefold() for one in _expressions(node) if one["class"] == "FUNCTION"
    }


def _are_constant(names: set[str], engine: Engine) -> bool:
    """Return whether functions give of the same cells the same, whenever and wherever."""
    if names & _CHANGING:
        return False
    others = ", ".join(quoted(name) for name in names - {"nullif"}) or "NULL"
    found = engine.connection.raw_sql(
        "SELECT function_name, bool_and(function_type = 'scalar' AND stability = 'CONSISTENT') "
        f"FROM duckdb_functions() WHERE function_name IN ({others}) GROUP BY 1"
    ).fetchall()
    return {name for name, is_so in found if is_so} == names - {"nullif"}


def _has_place(node: dict[str, Any]) -> bool:
    """Let a parsed SELECT give the file and row as well; return whether they are what it gives by
    those names.
    """
    given: dict[str, bool] = {}
    for one in node["select_list"]:
        names = one.get("column_names", [""])
        name = (one.get("alias") or names[-1]).casefold()
        if one["class"] == "STAR":
            if one.get("columns") or one.get("exclude_list") or one.get("replace_list"):
                return False
            if one.get("rename_list") or one.get("qualified_exclude_list"):
                return False
            given |= dict.fromkeys(PLACE, True)
        elif name in PLACE:
            given[name] = not given.get(name) and names[-1].casefold() == name
    if not all(given.values()):
        return False
    node["select_list"] += [
        {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": [name]}
        for name in PLACE
        if name not in given
    ]
    return True
