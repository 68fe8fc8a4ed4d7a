// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// Writes dense lists, for tests.
library Dense {
    /// @param indexes into the table of the pages' accounts and the given ones; ignored if `indexBytes` is 0.
    function encode(
        uint256 indexBytes,
        uint256 amountBytes,
        uint256[] memory pages,
        address[] memory given,
        uint256[] memory indexes,
        uint256[] memory payouts
    ) internal pure returns (bytes memory dense) {
        dense = abi.encodePacked(uint8(indexBytes), uint8(amountBytes), uint8(pages.length));
        for (uint256 i; i < pages.length; ++i) {
            dense = bytes.concat(dense, bytes3(uint24(pages[i])));
        }
        dense = bytes.concat(dense, bytes2(uint16(given.length)));
        for (uint256 i; i < given.length; ++i) {
            dense = bytes.concat(dense, bytes20(given[i]));
        }
        uint256 width = indexBytes + amountBytes;
        bytes memory entries = new bytes(width * payouts.length);
        for (uint256 i; i < payouts.length; ++i) {
            uint256 amount = payouts[i] & ((1 << 93) - 1);
            uint256 entry = (indexBytes == 0 ? 0 : indexes[i]) << 8 * amountBytes | amount;
            for (uint256 k; k < width; ++k) {
                entries[i * width + k] = bytes1(uint8(entry >> 8 * (width - 1 - k)));
            }
        }
        return bytes.concat(dense, entries);
    }
}
