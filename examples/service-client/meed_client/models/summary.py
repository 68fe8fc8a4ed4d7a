from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.job import Job
    from ..models.summary_jobs import SummaryJobs


T = TypeVar("T", bound="Summary")


@_attrs_define
class Summary:
    """A tenant's jobs at a glance."""

    jobs: SummaryJobs
    """ How many are in which state. """
    latest: list[Job]
    """ The last 50, the newest first. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        jobs = self.jobs.to_dict()

        latest = []
        for latest_item_data in self.latest:
            latest_item = latest_item_data.to_dict()
            latest.append(latest_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "jobs": jobs,
                "latest": latest,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.job import Job
        from ..models.summary_jobs import SummaryJobs

        d = dict(src_dict)
        jobs = SummaryJobs.from_dict(d.pop("jobs"))

        latest = []
        _latest = d.pop("latest")
        for latest_item_data in _latest:
            latest_item = Job.from_dict(latest_item_data)

            latest.append(latest_item)

        summary = cls(
            jobs=jobs,
            latest=latest,
        )

        summary.additional_properties = d
        return summary

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
