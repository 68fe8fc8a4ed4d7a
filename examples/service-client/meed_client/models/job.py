from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.state import State
from ..types import UNSET, Unset

T = TypeVar("T", bound="Job")


@_attrs_define
class Job:
    """A job, as its owner sees it. Times are milliseconds since 1970, by the database's clock."""

    attempt: int
    """ How often a worker took it. """
    circuit: str
    """ Proof system and shape, for example `groth16/XS`. """
    created_at: int
    """ When it was submitted. """
    domain: str
    """ Chain and contract, `off-chain` or `ID:CONTRACT`. """
    epoch: int
    """ The epoch's number. """
    failures: int
    """ How often that went wrong. """
    id: str
    """ Its name. """
    network: str
    """ The network. """
    priority: int
    """ Its priority. """
    progress: int
    """ The part of the proof that is done, in thousandths. """
    seq: int
    """ Its place in the order of submission, for paging. """
    state: State
    """ Where a job is. """
    bundle_bytes: int | None | Unset = UNSET
    """ Its length. """
    bundle_sha256: None | str | Unset = UNSET
    """ SHA-256 of the bundle's file, a tar archive. """
    error: None | str | Unset = UNSET
    """ Why it failed, or why the last attempt did. """
    finished_at: int | None | Unset = UNSET
    """ When it came to its end. """
    manifest_sha256: None | str | Unset = UNSET
    """ SHA-256 of the bundle's manifest. """
    stage: None | str | Unset = UNSET
    """ The stage that the proof is in. """
    started_at: int | None | Unset = UNSET
    """ When a worker took it last. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        attempt = self.attempt

        circuit = self.circuit

        created_at = self.created_at

        domain = self.domain

        epoch = self.epoch

        failures = self.failures

        id = self.id

        network = self.network

        priority = self.priority

        progress = self.progress

        seq = self.seq

        state = self.state.value

        bundle_bytes: int | None | Unset
        if isinstance(self.bundle_bytes, Unset):
            bundle_bytes = UNSET
        else:
            bundle_bytes = self.bundle_bytes

        bundle_sha256: None | str | Unset
        if isinstance(self.bundle_sha256, Unset):
            bundle_sha256 = UNSET
        else:
            bundle_sha256 = self.bundle_sha256

        error: None | str | Unset
        if isinstance(self.error, Unset):
            error = UNSET
        else:
            error = self.error

        finished_at: int | None | Unset
        if isinstance(self.finished_at, Unset):
            finished_at = UNSET
        else:
            finished_at = self.finished_at

        manifest_sha256: None | str | Unset
        if isinstance(self.manifest_sha256, Unset):
            manifest_sha256 = UNSET
        else:
            manifest_sha256 = self.manifest_sha256

        stage: None | str | Unset
        if isinstance(self.stage, Unset):
            stage = UNSET
        else:
            stage = self.stage

        started_at: int | None | Unset
        if isinstance(self.started_at, Unset):
            started_at = UNSET
        else:
            started_at = self.started_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempt": attempt,
                "circuit": circuit,
                "created_at": created_at,
                "domain": domain,
                "epoch": epoch,
                "failures": failures,
                "id": id,
                "network": network,
                "priority": priority,
                "progress": progress,
                "seq": seq,
                "state": state,
            }
        )
        if bundle_bytes is not UNSET:
            field_dict["bundle_bytes"] = bundle_bytes
        if bundle_sha256 is not UNSET:
            field_dict["bundle_sha256"] = bundle_sha256
        if error is not UNSET:
            field_dict["error"] = error
        if finished_at is not UNSET:
            field_dict["finished_at"] = finished_at
        if manifest_sha256 is not UNSET:
            field_dict["manifest_sha256"] = manifest_sha256
        if stage is not UNSET:
            field_dict["stage"] = stage
        if started_at is not UNSET:
            field_dict["started_at"] = started_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        attempt = d.pop("attempt")

        circuit = d.pop("circuit")

        created_at = d.pop("created_at")

        domain = d.pop("domain")

        epoch = d.pop("epoch")

        failures = d.pop("failures")

        id = d.pop("id")

        network = d.pop("network")

        priority = d.pop("priority")

        progress = d.pop("progress")

        seq = d.pop("seq")

        state = State(d.pop("state"))

        def _parse_bundle_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        bundle_bytes = _parse_bundle_bytes(d.pop("bundle_bytes", UNSET))

        def _parse_bundle_sha256(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        bundle_sha256 = _parse_bundle_sha256(d.pop("bundle_sha256", UNSET))

        def _parse_error(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        error = _parse_error(d.pop("error", UNSET))

        def _parse_finished_at(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        finished_at = _parse_finished_at(d.pop("finished_at", UNSET))

        def _parse_manifest_sha256(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        manifest_sha256 = _parse_manifest_sha256(d.pop("manifest_sha256", UNSET))

        def _parse_stage(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        stage = _parse_stage(d.pop("stage", UNSET))

        def _parse_started_at(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        started_at = _parse_started_at(d.pop("started_at", UNSET))

        job = cls(
            attempt=attempt,
            circuit=circuit,
            created_at=created_at,
            domain=domain,
            epoch=epoch,
            failures=failures,
            id=id,
            network=network,
            priority=priority,
            progress=progress,
            seq=seq,
            state=state,
            bundle_bytes=bundle_bytes,
            bundle_sha256=bundle_sha256,
            error=error,
            finished_at=finished_at,
            manifest_sha256=manifest_sha256,
            stage=stage,
            started_at=started_at,
        )

        job.additional_properties = d
        return job

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
