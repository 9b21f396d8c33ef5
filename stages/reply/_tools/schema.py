"""Arguments that a model made up, against the JSON Schema that it was given: as much of it as tools use."""

from typing import Any, Final

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def wrong(value: Any, schema: Any, name: str = "arguments") -> str:
    """What is wrong first, as the model may read it; empty when nothing is.

    Looked at: type, enum, const, required, properties, additionalProperties: false, items, minimum, maximum,
    minLength, maxLength. Other keywords are left to whoever is called.
    """
    if not isinstance(schema, dict):
        return ""
    if problem := _type(value, schema, name) or _range(value, schema, name):
        return problem
    if isinstance(value, dict):
        return _object(value, schema, name)
    if isinstance(value, list):
        return next(
            (text for at, one in enumerate(value) if (text := wrong(one, schema.get("items"), f"{name}[{at}]"))), ""
        )
    return ""


def _type(value: Any, schema: dict[str, Any], name: str) -> str:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"{name} should be of type {' or '.join(map(str, kinds))}"
    if isinstance(schema.get("enum"), list) and value not in schema["enum"]:
        return f"{name} should be one of {', '.join(map(str, schema['enum']))}"
    return f"{name} should be {schema['const']}" if "const" in schema and value != schema["const"] else ""


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return str(kind) == "boolean"
    if isinstance(value, float) and kind == "integer":
        return bool(value.is_integer())
    known: tuple[type, ...] = _TYPES.get(str(kind), (object,))
    return isinstance(value, known)


def _range(value: Any, schema: dict[str, Any], name: str) -> str:
    size = len(value) if isinstance(value, str) else value
    if isinstance(size, bool) or not isinstance(size, int | float):
        return ""
    low, high = ("minLength", "maxLength") if isinstance(value, str) else ("minimum", "maximum")
    if isinstance(schema.get(low), int | float) and size < schema[low]:
        return f"{name}: {low} is {schema[low]}"
    return (
        f"{name}: {high} is {schema[high]}" if isinstance(schema.get(high), int | float) and size > schema[high] else ""
    )


def _object(value: dict[str, Any], schema: dict[str, Any], name: str) -> str:
    properties = schema.get("properties", {})
    missing = [key for key in schema.get("required", []) if key not in value]
    if missing:
        return f"{name}: '{missing[0]}' is missing"
    unknown = [key for key in value if key not in properties]
    if unknown and schema.get("additionalProperties") is False:
        return f"{name}: there is no '{unknown[0]}'"
    return next((text for key, one in value.items() if (text := wrong(one, properties.get(key), key))), "")
