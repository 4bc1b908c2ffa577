"""The OpenAPI 3.1 document of a site, made from the metadata of its routes."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from shared.permissions import LABELS
from shared.web.responses import json_answer
from shared.web.routing import PUBLIC, ApiDoc, Route
from shared.web.site import Site

URL = "/api/v1/openapi.json"
REF = "#/components/schemas/{model}"
PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
PARAMETER_TYPES = {"int": {"type": "integer"}, "uuid": {"type": "string", "format": "uuid"}}
ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "Stable word for programs."},
                "message": {"type": "string", "description": "For people, in their language."},
                "request_id": {"type": "string"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                "retry_after": {"type": "integer", "description": "Seconds."},
            },
        }
    },
}


def openapi_route(site: Site, routes: Sequence[Route]) -> Route:
    """The route that serves the document; made once, when somebody first asks for it: it takes longer than a page."""

    @cache
    def content() -> dict[str, Any]:
        return document(site, [route for route in routes if route.api is not None])

    async def openapi(_request: Request) -> Response:
        return json_answer(content())

    return Route("GET", URL, openapi, PUBLIC)


def document(site: Site, routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document. Operations are named by method and path, responses have text keys."""
    models: dict[type[BaseModel], None] = {}
    for route in routes:
        assert route.api is not None
        for model in (route.api.query, route.api.body, route.api.response):
            if isinstance(model, type):
                models[model] = None
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(PARAMETER.sub(r"{\1}", route.url), {})[route.method.lower()] = operation(route)
    _, defined = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Trunkline {site.name}", "version": site.version or "0"},
        "paths": paths,
        "components": {
            "schemas": {**defined.get("$defs", {}), "Error": ERROR_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def operation(route: Route) -> dict[str, Any]:
    """One method of one path."""
    api = route.api
    assert api is not None
    found: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', route.url)}".rstrip("_"),
        "summary": api.summary,
        "responses": {str(api.status): success(api), "default": failure("Refused; see error.code.")},
    }
    for status in api.errors:
        found["responses"][str(status)] = failure("Refused.")
    if isinstance(route.permission, str):
        found["description"] = f"Needs the right {route.permission} ({LABELS[route.permission]})."
    if route.permission is not PUBLIC:
        found["security"] = [{"token": []}]
    if parameters := [*path_parameters(route.url), *query_parameters(api)]:
        found["parameters"] = parameters
    if api.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(model=api.body.__name__)}}},
        }
    if route.method == "POST":
        found.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key and body again gives the first answer and does nothing.",
                "schema": {"type": "string", "maxLength": 80},
            }
        )
    return found


def success(api: ApiDoc) -> dict[str, Any]:
    """The good answer in each of its media types."""
    if api.response is None:
        return {"description": api.summary}
    schema: Mapping[str, Any] = (
        {"$ref": REF.format(model=api.response.__name__)} if isinstance(api.response, type) else api.response
    )
    content = {
        media: {"schema": schema} if media == "application/json" else {"schema": {"type": "string"}}
        for media in api.media_types
    }
    return {"description": api.summary, "content": content}


def failure(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": REF.format(model="Error")}}},
    }


def path_parameters(url: str) -> list[dict[str, Any]]:
    """The {names} of a path."""
    return [
        {
            "name": match[1],
            "in": "path",
            "required": True,
            "schema": PARAMETER_TYPES.get(match[2] or "", {"type": "string"}),
        }
        for match in PARAMETER.finditer(url)
    ]


def query_parameters(api: ApiDoc) -> list[dict[str, Any]]:
    """The fields of the query model."""
    if api.query is None:
        return []
    schema = api.query.model_json_schema(ref_template=REF)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": {key: value for key, value in field.items() if key != "description"},
            **({"description": field["description"]} if "description" in field else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]
