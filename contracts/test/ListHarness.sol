// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedAccounts} from "../src/MeedAccounts.sol";
import {PayoutList} from "../src/PayoutList.sol";

/// `PayoutList` with doors, and the pages that dense lists need.
contract ListHarness is MeedAccounts {
    using PayoutList for PayoutList.Words;
    using PayoutList for uint256[11];

    struct Out {
        bytes32 hash;
        uint256 y;
        uint256 total;
        bytes32[] roots;
        bytes32 top;
    }

    function plain(bytes32 hash, uint256[] calldata payouts, uint256 first, uint256 alpha)
        external
        pure
        returns (Out memory)
    {
        return _out(hash, PayoutList.fromWords(payouts), first, alpha);
    }

    function dense(bytes32 hash, bytes calldata encoded, uint256 first, uint256 alpha)
        external
        view
        returns (Out memory)
    {
        return _out(hash, PayoutList.fromDense(encoded, pages), first, alpha);
    }

    /// The words of a dense list.
    function decode(bytes calldata encoded) external view returns (uint256[] memory words) {
        PayoutList.Words memory found = PayoutList.fromDense(encoded, pages);
        words = new uint256[](found.count);
        for (uint256 i; i < words.length; ++i) {
            uint256 place = found.start + 32 * i;
            uint256 word;
            assembly ("memory-safe") {
                word := mload(place)
            }
            words[i] = word;
        }
    }

    /// Both sums, with other values in memory before, between and after: whoever writes outside what is
    /// theirs changes one of them.
    function twice(uint256[] calldata payouts, bytes calldata encoded, uint256 alpha)
        external
        view
        returns (Out memory a, Out memory b, bool intact)
    {
        uint256[] memory before = _canary(5);
        PayoutList.Words memory words = PayoutList.fromWords(payouts);
        uint256[] memory between = _canary(6);
        PayoutList.Words memory others = PayoutList.fromDense(encoded, pages);
        uint256[] memory behind = _canary(7);
        a = _out(bytes32(uint256(1)), words, 0, alpha);
        b = _out(bytes32(uint256(1)), others, 0, alpha);
        intact = _intact(before, 5) && _intact(between, 6) && _intact(behind, 7);
    }

    function challenge(uint256 h, bytes32 listHash) external view returns (uint256) {
        return PayoutList.challenge(h, listHash);
    }

    function evaluate(uint256[11] calldata header, uint256 alpha) external pure returns (uint256) {
        uint256[11] memory copy = header;
        return copy.evaluate(alpha);
    }

    function power(uint256 alpha, uint256 exponent) external pure returns (uint256) {
        return PayoutList.power(alpha, exponent);
    }

    function top(bytes32[] memory roots) external pure returns (bytes32) {
        return PayoutList.top(roots);
    }

    function _out(bytes32 hash, PayoutList.Words memory words, uint256 first, uint256 alpha)
        private
        pure
        returns (Out memory out)
    {
        out.hash = PayoutList.chain(hash, words);
        PayoutList.Sum memory sum = words.sum(first, alpha);
        (out.y, out.total, out.roots) = (sum.y, sum.total, sum.roots);
        bytes32[] memory roots = new bytes32[](sum.roots.length);
        for (uint256 i; i < roots.length; ++i) {
            roots[i] = sum.roots[i];
        }
        out.top = PayoutList.top(roots);
    }

    function _canary(uint256 seed) private pure returns (uint256[] memory words) {
        words = new uint256[](8);
        for (uint256 i; i < 8; ++i) {
            words[i] = uint256(keccak256(abi.encode(seed, i)));
        }
    }

    function _intact(uint256[] memory words, uint256 seed) private pure returns (bool) {
        return keccak256(abi.encode(words)) == keccak256(abi.encode(_canary(seed)));
    }
}
