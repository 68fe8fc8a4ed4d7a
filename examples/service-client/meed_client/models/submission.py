from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.proof_system import ProofSystem
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.files import Files
    from ..models.on_chain import OnChain


T = TypeVar("T", bound="Submission")


@_attrs_define
class Submission:
    """What a client asks for."""

    files: Files
    """ The files of a committed epoch, as in its folder. Records and salt are secrets. """
    network: str
    """ The network, a name of the client's choice: 1 to 64 of `a-z A-Z 0-9 - _ .`. """
    domain: None | OnChain | Unset = UNSET
    first: bool | Unset = False
    """ Says that the epochs before this one were proved elsewhere: the network begins here. Without
    it, a network that is not known begins with epoch 1. """
    priority: int | Unset = 0
    """ Jobs of a higher priority go first, from -100 to 100. """
    system: ProofSystem | Unset = UNSET
    """ A proof system. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.on_chain import OnChain

        files = self.files.to_dict()

        network = self.network

        domain: dict[str, Any] | None | Unset
        if isinstance(self.domain, Unset):
            domain = UNSET
        elif isinstance(self.domain, OnChain):
            domain = self.domain.to_dict()
        else:
            domain = self.domain

        first = self.first

        priority = self.priority

        system: str | Unset = UNSET
        if not isinstance(self.system, Unset):
            system = self.system.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "files": files,
                "network": network,
            }
        )
        if domain is not UNSET:
            field_dict["domain"] = domain
        if first is not UNSET:
            field_dict["first"] = first
        if priority is not UNSET:
            field_dict["priority"] = priority
        if system is not UNSET:
            field_dict["system"] = system

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.files import Files
        from ..models.on_chain import OnChain

        d = dict(src_dict)
        files = Files.from_dict(d.pop("files"))

        network = d.pop("network")

        def _parse_domain(data: object) -> None | OnChain | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                domain_type_1 = OnChain.from_dict(data)

                return domain_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OnChain | Unset, data)

        domain = _parse_domain(d.pop("domain", UNSET))

        first = d.pop("first", UNSET)

        priority = d.pop("priority", UNSET)

        _system = d.pop("system", UNSET)
        system: ProofSystem | Unset
        if isinstance(_system, Unset):
            system = UNSET
        else:
            system = ProofSystem(_system)

        submission = cls(
            files=files,
            network=network,
            domain=domain,
            first=first,
            priority=priority,
            system=system,
        )

        return submission
