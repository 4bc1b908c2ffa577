"""Reads of news: headquarters' items and the branch's own notes of the trade and competitors in one order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.intelligence.rules import safe_link
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.news.forms import ListForm
from branch_node.searching import words
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.permissions import Person, reach
from shared.records import COMPANY

SORTS: Mapping[str, Sort] = {"day": Sort("x.happened_on", date)}


@dataclass(frozen=True)
class NewsRow:
    """A piece of news. `kind` is hq, industry or competitor; `link` leads to http(s) or is empty."""

    id: UUID
    day: date
    kind: str
    title: str
    text: str
    link: str
    source: str
    competitor: str
    who: str


HQ_SQL = """SELECT n.id, n.happened_on, 'hq' AS kind, n.title, n.summary AS text, n.link, n.source, '' AS competitor,
  '' AS who FROM news_item n WHERE n.branch = :company AND n.deleted_at IS NULL AND n.selected = :yes"""
OWN_SQL = """SELECT n.id, n.happened_on, n.kind, n.title, n.text, '' AS link, n.source, n.competitor,
  COALESCE(e.name, '') AS who FROM intel_note n LEFT JOIN employee e ON e.id = n.owner_id
  WHERE n.branch = :branch AND n.deleted_at IS NULL AND {scope}"""
LIST_SQL = "SELECT x.*, {sort} AS sort_value FROM ({union}) AS x WHERE {where} AND {page} {order}"


async def news_page(person: Person, filters: ListForm, paging: Paging) -> Cut[NewsRow]:
    """A page of news, newest first: headquarters' for everybody who may see news, notes within reach. One query."""
    params: dict[str, Any] = {}
    parts = []
    if filters.origin != "own":
        parts.append(HQ_SQL)
        params |= {"company": COMPANY, "yes": True}
    if filters.origin != "hq" and person.may("intel.view"):
        scope, reached = reach_sql(reach(person, "intel.view"), "n.owner_id", "n.department_id")
        parts.append(OWN_SQL.format(scope=scope))
        params |= {"branch": home().code, **reached}
    if not parts:
        return Cut([])
    clauses = ["(1 = 1)"]
    for place, word in enumerate(words(filters.q)):
        columns = ("title", "text", "source", "competitor")
        clauses.append(
            "(" + " OR ".join(f"lower(x.{one}) LIKE :word{place} ESCAPE '!'" for one in columns) + ")"
        )
        params[f"word{place}"] = like(word)
    page, order, more = paging.sql("x.id")
    sql = LIST_SQL.format(
        sort=paging.sort.expression,
        union=" UNION ALL ".join(parts),
        where=" AND ".join(clauses),
        page=page,
        order=order,
    )
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> NewsRow:
    link = safe_link(row["link"]) or safe_link(row["source"])
    return NewsRow(
        as_kind(row["id"], UUID), as_kind(row["happened_on"], date), row["kind"], row["title"], row["text"], link,
        "" if safe_link(row["source"]) else row["source"], row["competitor"], row["who"],
    )  # fmt: skip
