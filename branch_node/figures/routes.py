"""Routes of the figures: one for each name, since each needs its own right."""

from collections.abc import Mapping
from typing import Any

from branch_node.figures.handlers import show
from branch_node.figures.rules import NAMES, RIGHTS
from shared.web.routing import ApiDoc, Route

ANSWER: Mapping[str, Any] = {
    "type": "object",
    "required": ["figure", "parameters", "rows", "total", "watermarks", "complete"],
    "properties": {
        "figure": {"type": "string"},
        "parameters": {"type": "object"},
        "columns": {"type": "array", "items": {"type": "object"}},
        "rows": {"type": "array", "items": {"type": "object"}},
        "total": {"type": "object"},
        "watermarks": {"type": "array", "items": {"type": "object"}},
        "complete": {"type": "boolean"},
    },
}

ROUTES = [
    Route(
        "GET",
        f"/api/v1/figures/{name}",
        show,
        RIGHTS[name],
        api=ApiDoc(
            f"The figure {name} of this branch; ?from=&to=&as_of=&currency=&measure=&rows=&format=json|csv|xlsx.",
            response=ANSWER,
            errors=(422,),
        ),
    )
    for name in NAMES
]
