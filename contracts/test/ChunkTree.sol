// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {PayoutList} from "../src/PayoutList.sol";

/// An experiment, not used by any contract: a claim tree whose leaf holds several payouts,
/// `keccak256(keccak256(index of the first | words))`. Settling hashes less, and who claims has to show the
/// words of the whole leaf.
contract ChunkTree {
    using PayoutList for PayoutList.Words;

    error NotWhole();
    error NotInTree();

    /// What the contracts do: a leaf a payout.
    function plain(uint256[] calldata payouts) external pure returns (uint256 total, bytes32 root) {
        bytes32[] memory roots;
        (total, roots) = PayoutList.fromWords(payouts).roots(0);
        root = PayoutList.top(roots);
    }

    /// Leaves of `size` payouts, all of them full; one group.
    function chunked(uint256[] calldata payouts, uint256 size)
        external
        pure
        returns (uint256 total, bytes32 root)
    {
        if (payouts.length % size != 0 || size % 4 != 0) revert NotWhole();
        PayoutList.Words memory words = PayoutList.fromWords(payouts);
        bytes32[] memory leaves = new bytes32[](payouts.length / size);
        total = _total(words.start, words.count);
        _leaves(words.start, words.count, size, leaves);
        root = PayoutList.top(leaves);
    }

    /// Four words at a time.
    function _total(uint256 word, uint256 count) private pure returns (uint256 total) {
        assembly ("memory-safe") {
            let mask := 0x1fffffffffffffffffffffff
            for { let end := add(word, shl(5, count)) } lt(word, end) { word := add(word, 0x80) } {
                total := add(total, and(mload(word), mask))
                total := add(total, and(mload(add(word, 0x20)), mask))
                total := add(total, and(mload(add(word, 0x40)), mask))
                total := add(total, and(mload(add(word, 0x60)), mask))
            }
        }
    }

    function _leaves(uint256 start, uint256 count, uint256 size, bytes32[] memory leaves)
        private
        pure
    {
        assembly ("memory-safe") {
            let to := add(leaves, 0x20)
            let bytes_ := shl(5, size)
            for { let index := 0 } lt(index, count) { index := add(index, size) } {
                // The index goes before the words, in place of the last word of the leaf before.
                mstore(sub(start, 0x20), index)
                mstore(0x00, keccak256(sub(start, 0x20), add(bytes_, 0x20)))
                mstore(to, keccak256(0x00, 0x20))
                start := add(start, bytes_)
                to := add(to, 0x20)
            }
        }
    }

    /// A claim's check as the contracts do it.
    function claimPlain(
        bytes32 root,
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata proof
    ) external pure {
        if (PayoutList.climb(index, account, amount, proof) != root) {
            revert NotInTree();
        }
    }

    /// A claim's check with chunks: the words of the leaf, which of them is claimed, and the leaf's siblings.
    function claimChunked(
        bytes32 root,
        uint256 first,
        uint256 position,
        uint256[] calldata words,
        bytes32[] calldata proof
    ) external pure returns (address account, uint256 amount) {
        bytes32 node;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, first)
            calldatacopy(add(free, 0x20), words.offset, shl(5, words.length))
            mstore(0x00, keccak256(free, add(0x20, shl(5, words.length))))
            node := keccak256(0x00, 0x20)
            let from := proof.offset
            for { let end := add(from, shl(5, proof.length)) } lt(from, end) {
                from := add(from, 0x20)
            } {
                let sibling := calldataload(from)
                mstore(0x00, node)
                mstore(0x20, sibling)
                mstore(0x40, node)
                node := keccak256(shl(5, lt(sibling, node)), 0x40)
            }
            mstore(0x40, free)
        }
        if (node != root) revert NotInTree();
        return PayoutList.unpack(words[position]);
    }
}
