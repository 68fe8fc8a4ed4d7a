from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="WorkerInfo")


@_attrs_define
class WorkerInfo:
    """A worker."""

    circuits: str
    """ What it can prove. """
    id: str
    """ Its name for this run. """
    name: str
    """ Its machine's name, as configured. """
    seen_at: int
    """ When it was last heard of. """
    started_at: int
    """ When it began. """
    state: str
    """ `starting`, `ready`, `draining`, `quarantined` or `stopped`. """
    reason: None | str | Unset = UNSET
    """ Why it is quarantined. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        circuits = self.circuits

        id = self.id

        name = self.name

        seen_at = self.seen_at

        started_at = self.started_at

        state = self.state

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "circuits": circuits,
                "id": id,
                "name": name,
                "seen_at": seen_at,
                "started_at": started_at,
                "state": state,
            }
        )
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        circuits = d.pop("circuits")

        id = d.pop("id")

        name = d.pop("name")

        seen_at = d.pop("seen_at")

        started_at = d.pop("started_at")

        state = d.pop("state")

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        worker_info = cls(
            circuits=circuits,
            id=id,
            name=name,
            seen_at=seen_at,
            started_at=started_at,
            state=state,
            reason=reason,
        )

        worker_info.additional_properties = d
        return worker_info

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
