from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Files")


@_attrs_define
class Files:
    """The files of a committed epoch, as in its folder. Records and salt are secrets."""

    commit: str
    """ `commit.json`. """
    events: str
    """ `events.csv`. """
    policy: str
    """ `policy.toml`. """
    records: str
    """ `records.csv`. """
    registry: str
    """ `registry.csv`. """
    salt: str
    """ `salt.hex`. """
    state: str
    """ `state.csv`. """

    def to_dict(self) -> dict[str, Any]:
        commit = self.commit

        events = self.events

        policy = self.policy

        records = self.records

        registry = self.registry

        salt = self.salt

        state = self.state

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "commit": commit,
                "events": events,
                "policy": policy,
                "records": records,
                "registry": registry,
                "salt": salt,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        commit = d.pop("commit")

        events = d.pop("events")

        policy = d.pop("policy")

        records = d.pop("records")

        registry = d.pop("registry")

        salt = d.pop("salt")

        state = d.pop("state")

        files = cls(
            commit=commit,
            events=events,
            policy=policy,
            records=records,
            registry=registry,
            salt=salt,
            state=state,
        )

        return files
