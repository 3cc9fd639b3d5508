"""``dataclass`` as the standard library's, made in a fifth of the time.

That one writes the source of up to six methods for each class and compiles it, a millisecond of
CPU; a command makes about 190 classes before it does anything, and no object of most of them. Here
``__init__`` alone is compiled, and the other methods are shared by all classes. ``field``,
``fields``, ``replace`` and ``asdict`` of :mod:`dataclasses` apply to them as to any other.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True):
        """See :func:`dataclasses.dataclass`, of whose options these are here."""

        def made(cls):
            make = dataclasses.dataclass(
                init=False, repr=False, eq=False, kw_only=kw_only, slots=slots
            )
            methods = _methods(frozen, slots, eq)
            return _finished(make, cls, methods, frozen)

        return made if cls is None else made(cls)


def _finished(make: Any, cls: type, methods: dict[str, Any], frozen: bool) -> Any:
    """A class with its fields and methods; what it defines itself stays."""
    # Where a class defines __eq__ alone, Python has put a None for its hash.
    own = {name for name, value in cls.__dict__.items() if (name, value) != ("__hash__", None)}
    cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is worked out to stand there
    made = make(cls)
    fields = dataclasses.fields(made)
    made.__dataclass_values__ = _values_of([one.name for one in fields if one.compare])
    if "__init__" not in own:
        made.__init__ = _init(made, fields, frozen)
    for name in methods.keys() - own:
        setattr(made, name, methods[name])
    return made


def _init(cls: type, fields: tuple[Field[Any], ...], frozen: bool) -> Any:
    """The method that takes the values of the fields."""
    scope: dict[str, Any] = {
        "__name__": cls.__module__,
        "_set": object.__setattr__,
        "_NONE": MISSING,
    }
    taken, by_name, body = ["self"], list[str](), list[str]()
    for one in fields:
        value = name = one.name
        default = ""
        if one.default_factory is not MISSING:
            scope[f"_default_{name}"] = one.default_factory
            default = "=_NONE"
            value = f"_default_{name}()"
            value = f"{name} if {name} is not _NONE else {value}" if one.init else value
        elif one.default is not MISSING:
            scope[f"_default_{name}"] = one.default
            default = f"=_default_{name}"
            value = name if one.init else f"_default_{name}"
        if one.init:
            (by_name if one.kw_only else taken).append(name + default)
        if one.init or default:
            body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join([*taken, "*", *by_name] if by_name else taken)
    # The names are those of fields of our own classes.
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), scope)  # noqa: S102
    init = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {one.name: one.type for one in fields if one.init} | {"return": None}
    return init


def _values_of(names: list[str]) -> Any:
    """Gives the values of these fields of an object as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple(getattr(one, name) for name in names)


def _methods(frozen: bool, slots: bool, eq: bool) -> dict[str, Any]:
    """What every class of this kind has."""
    methods: dict[str, Any] = {"__repr__": _repr}
    if eq:
        # What may change has no hash.
        methods |= {"__eq__": _eq, "__hash__": _hash if frozen else None}
    if frozen:
        methods |= {"__setattr__": _setattr, "__delattr__": _delattr}
    if frozen and slots:  # to be pickled
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    return methods


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (
        f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = type(self).__dataclass_values__
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(type(self).__dataclass_values__(self))


def _setattr(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
