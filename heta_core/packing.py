"""A frozen dataclass as plain JSON values, and back.

1. The fields of the dataclasses are the fields of the JSON, by name; what is not known is null.
2. An array is `{"dtype": "float32" | "int32", "shape": […], "base64": …}`, little-endian, last axis fastest. The one
   array with unknown values (the standard error of a token with a single probe) lists their places as `missing`.
3. Reading goes by the declared types, field by field, so nothing is taken that the result does not have: not another
   nesting, not NaN, not an unknown name.
"""

import base64
import dataclasses
import json
import math
import types
import typing
from functools import cache
from typing import Any, Literal, NoReturn, get_args, get_origin

import numpy as np

from heta_core.errors import HetaError, ReportError

_DTYPES = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4")}
_ARRAY_KEYS = ("dtype", "shape", "base64", "missing")
_NAMES: dict[type, str] = {
    **{int: "a whole number", float: "a number", str: "a text", bool: "true or false"},
    **{dict: "an object", list: "a list", types.NoneType: "null"},
}


def parse(text: str) -> object:
    """The JSON of a text, its numbers finite and its names once in every object.

    Raises:
        ReportError: the text is no such JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ReportError("The report is nested deeper than any report is: open a file saved by this app.") from error
    except ValueError as error:  # JSONDecodeError, and numbers of thousands of digits
        raise ReportError(f"Need a whole JSON text, found a damaged one ({error}): save or copy it again.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ReportError(f"Every number must be finite, found {name}: what is not known is null.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReportError("Every name may stand once in an object, found one twice: save the report again.")
    return found


@cache
def _types(kind: type) -> dict[str, Any]:
    """The declared type of every field that a dataclass is made from."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}


def pack_fields(value: Any, where: str) -> dict[str, object]:
    """The fields of a dataclass as JSON values.

    Raises:
        ReportError: a number is not finite.
    """
    kinds = _types(value.__class__)
    return {name: _pack(getattr(value, name), kind, f"{where}{name}") for name, kind in kinds.items()}


def _pack(value: Any, kind: Any, where: str) -> object:
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return _pack_array(value, where)
    if dataclasses.is_dataclass(value):
        return pack_fields(value, f"{where}.")
    if isinstance(value, tuple):
        kinds = _element_types(kind, len(value))
        return [_pack(v, k, f"{where}[{i}]") for i, (v, k) in enumerate(zip(value, kinds, strict=True))]
    if _plain(kind) is float:
        if not math.isfinite(value):
            raise ReportError(f"Every number must be finite, found {value} in {where}.")
        return float(value)
    return value if isinstance(value, str | bool) else int(value)


def _pack_array(values: np.ndarray[Any, Any], where: str) -> dict[str, object]:
    dtype = "int32" if values.dtype.kind == "i" else "float32"
    missing = np.flatnonzero(np.isnan(values))
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
        stored = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf).astype(_DTYPES[dtype])
    if not np.isfinite(stored).all():
        raise ReportError(f"Every number must be finite in float32, found infinity in {where}.")
    packed: dict[str, object] = {
        "dtype": dtype,
        "shape": list(values.shape),
        "base64": base64.b64encode(stored).decode(),
    }
    if missing.size:
        packed["missing"] = missing.tolist()
    return packed


def read_fields(value: object, kind: Any, where: str) -> Any:
    """The dataclass of this kind whose fields `pack_fields` wrote.

    Raises:
        ReportError: a field is missing, unknown, of another type or at odds with the others.
    """
    if not isinstance(value, dict):
        _refuse("an object", value, where)
    kinds = _types(kind)
    for what, names in (("lacks", kinds.keys() - value.keys()), ("does not know", value.keys() - kinds.keys())):
        if names:
            raise ReportError(f"{where} {what} the field {min(names)!r}: open a file saved by this app.")
    fields = {name: _read(value[name], kinds[name], name) for name in kinds}
    try:
        return kind(**fields)
    except ReportError:
        raise
    except (HetaError, IndexError, ValueError) as error:  # the last two: arrays whose shapes do not fit each other
        raise ReportError(f"{where} contradicts itself: {error}") from error


def _read(value: object, kind: Any, where: str) -> object:
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(value, _plain(kind, of=value), where)
    if origin is np.ndarray:
        return _read_array(value, where)
    if origin is tuple:
        if not isinstance(value, list):
            _refuse("a list", value, where)
        kinds = _element_types(kind, len(value))
        if len(kinds) != len(value):
            raise ReportError(f"{where} must have {len(kinds)} entries, found {len(value)}.")
        return tuple(_read(v, k, f"{where}[{i}]") for i, (v, k) in enumerate(zip(value, kinds, strict=True)))
    if dataclasses.is_dataclass(kind):
        return read_fields(value, kind, where)
    if origin is Literal:
        if value not in get_args(kind) or not isinstance(value, str):
            raise ReportError(f"{where} must be one of {', '.join(get_args(kind))}, found {str(value)[:40]!r}.")
        return value
    return _read_plain(value, kind, where)


def _read_plain(value: Any, kind: Any, where: str) -> object:
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**53 else math.inf
    if type(value) is not kind:
        _refuse(_NAMES[kind], value, where)
    if type(value) is float and not math.isfinite(value):
        _refuse_constant("one beyond every bound")
    if type(value) is str and any("\ud800" <= c <= "\udfff" for c in value):
        raise ReportError(f"{where} must be valid Unicode, found half a surrogate pair.")
    return value


def _read_array(value: object, where: str) -> np.ndarray[Any, Any]:
    if not isinstance(value, dict) or not {"dtype", "shape", "base64"} <= value.keys() <= {*_ARRAY_KEYS}:
        _refuse(f"an array with {', '.join(_ARRAY_KEYS)}", value, where)
    shape = _read(value["shape"], tuple[int, ...], f"{where}.shape")
    missing = _read(value.get("missing", []), tuple[int, ...], f"{where}.missing")
    assert isinstance(shape, tuple) and isinstance(missing, tuple)
    if value["dtype"] not in list(_DTYPES) or not isinstance(value["base64"], str) or any(n < 0 for n in shape):
        raise ReportError(f"{where} must be an array of {' or '.join(_DTYPES)}, found {str(value['dtype'])[:20]!r}.")
    try:
        raw = base64.b64decode(value["base64"], validate=True)
    except ValueError as error:
        raise ReportError(f"{where} must be base64, found something else ({error}).") from error
    dtype = _DTYPES[value["dtype"]]
    if len(raw) != math.prod(shape) * dtype.itemsize or len(shape) > 3:
        raise ReportError(f"{where} must fill the shape {shape}, found {len(raw)} bytes: the file is damaged.")
    values = np.frombuffer(raw, dtype).astype(np.int64 if dtype.kind == "i" else np.float64)
    if not np.isfinite(values).all():
        raise ReportError(f"Every number must be finite, found NaN or infinity in {where}.")
    if missing:
        if dtype.kind == "i" or not all(0 <= i < values.size for i in missing):
            raise ReportError(f"{where}.missing must name places of the array, found others.")
        values[list(missing)] = np.nan
    return values.reshape(shape)


def _plain(kind: Any, *, of: object = None) -> Any:
    """The type without its `| None`; of a number or a word the one that a value could be."""
    if get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    inner = [k for k in get_args(kind) if k is not types.NoneType]
    words = [k for k in inner if get_origin(k) is Literal]
    return words[0] if words and isinstance(of, str) else inner[0]


def _element_types(kind: Any, n: int) -> tuple[Any, ...]:
    """The types of the elements of a tuple of n."""
    args = get_args(_plain(kind))
    return (args[0],) * n if len(args) == 2 and args[1] is Ellipsis else args


def _refuse(needed: str, found: object, where: str) -> NoReturn:
    name = _NAMES.get(type(found), type(found).__name__)
    raise ReportError(f"{where} must be {needed}, found {name}: the file is damaged or was written by hand.")
