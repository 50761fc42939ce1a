"""Our schemas and models of bodies as the JSON Schema of an OpenAPI document."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from keyhole.api.compute.schema import Schema

Json = dict[str, Any]


def json_schema(schema: Schema) -> Json:
    """A schema of the compute API in JSON Schema's keywords."""
    described: Json = {"type": schema.types[0] if len(schema.types) == 1 else list(schema.types)}
    if schema.enum:
        described["enum"] = list(schema.enum)
    if schema.pattern is not None:
        described["pattern"] = schema.pattern.pattern
    if schema.minimum is not None:
        described["minimum"] = schema.minimum
    if schema.min_length:
        described["minLength"] = schema.min_length
    if schema.form is not None:
        described["format"] = schema.form.value
    if schema.properties:
        described["properties"] = {name: json_schema(inner) for name, inner in schema.properties.items()}
    if schema.required:
        described["required"] = list(schema.required)
    if schema.closed:
        described["additionalProperties"] = False
    return described


def model_schema(model: type[BaseModel], schemas: Json) -> Json:
    """A reference to a model's schema; the model and its parts are added to `schemas`."""
    described = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.pop("$defs", {})
    schemas[model.__name__] = described
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def body_of(schemas: Sequence[Json]) -> Json:
    """A JSON body that matches one of these; without any, any body."""
    schema: Json = {}
    if schemas:
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    return {"required": bool(schemas), "content": {"application/json": {"schema": schema}}}
