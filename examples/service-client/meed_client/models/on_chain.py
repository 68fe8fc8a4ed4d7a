from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="OnChain")


@_attrs_define
class OnChain:
    """The chain and contract that a proof is for."""

    chain_id: int
    """ EVM chain. """
    contract: str
    """ Settlement contract, `0x` and 40 hexadecimal digits. """

    def to_dict(self) -> dict[str, Any]:
        chain_id = self.chain_id

        contract = self.contract

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "chain_id": chain_id,
                "contract": contract,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        chain_id = d.pop("chain_id")

        contract = d.pop("contract")

        on_chain = cls(
            chain_id=chain_id,
            contract=contract,
        )

        return on_chain
