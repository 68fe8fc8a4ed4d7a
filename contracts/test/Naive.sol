// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// What the contract computes with assembly, once more by the definitions, to compare with.
library Naive {
    uint256 private constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    function leaf(uint256 index, uint256 word) internal pure returns (bytes32) {
        address account = address(uint160(word >> 93));
        uint256 amount = word & ((1 << 93) - 1);
        return keccak256(abi.encodePacked(keccak256(abi.encode(index, account, amount))));
    }

    function hashPair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    /// OpenZeppelin's array: root first, the children of node i at 2 i + 1 and 2 i + 2, leaves last and
    /// reversed.
    function heap(bytes32[] memory hashes) internal pure returns (bytes32[] memory nodes) {
        uint256 n = hashes.length;
        nodes = new bytes32[](2 * n - 1);
        for (uint256 i; i < n; ++i) {
            nodes[2 * n - 2 - i] = hashes[i];
        }
        for (uint256 i = n - 1; i > 0; --i) {
            nodes[i - 1] = hashPair(nodes[2 * i - 1], nodes[2 * i]);
        }
    }

    /// Siblings of leaf `index`, leaf first.
    function proofIn(bytes32[] memory nodes, uint256 index)
        internal
        pure
        returns (bytes32[] memory proof)
    {
        uint256 node = nodes.length - 1 - index;
        uint256 depth;
        for (uint256 i = node; i > 0; i = (i - 1) / 2) {
            ++depth;
        }
        proof = new bytes32[](depth);
        for (uint256 i; i < depth; ++i) {
            proof[i] = nodes[node % 2 == 0 ? node - 1 : node + 1];
            node = (node - 1) / 2;
        }
    }

    /// The leaves of the group that starts at payout `from`.
    function leaves(uint256[] memory payouts, uint256 from)
        internal
        pure
        returns (bytes32[] memory l)
    {
        uint256 n = payouts.length - from < 1024 ? payouts.length - from : 1024;
        l = new bytes32[](n);
        for (uint256 i; i < n; ++i) {
            l[i] = leaf(from + i, payouts[from + i]);
        }
    }

    function groupRoots(uint256[] memory payouts) internal pure returns (bytes32[] memory roots) {
        roots = new bytes32[]((payouts.length + 1023) / 1024);
        for (uint256 g; g < roots.length; ++g) {
            roots[g] = heap(leaves(payouts, 1024 * g))[0];
        }
    }

    function claimRoot(uint256[] memory payouts) internal pure returns (bytes32) {
        return payouts.length == 0 ? bytes32(0) : heap(groupRoots(payouts))[0];
    }

    /// The group's siblings, then those of the group's root.
    function claimProof(uint256[] memory payouts, uint256 index)
        internal
        pure
        returns (bytes32[] memory proof)
    {
        uint256 g = index / 1024;
        bytes32[] memory low = proofIn(heap(leaves(payouts, 1024 * g)), index - 1024 * g);
        bytes32[] memory high = proofIn(heap(groupRoots(payouts)), g);
        proof = new bytes32[](low.length + high.length);
        for (uint256 i; i < proof.length; ++i) {
            proof[i] = i < low.length ? low[i] : high[i - low.length];
        }
    }

    /// `H = keccak256(header)`, then `H = keccak256(H | group)`.
    function listHash(uint256[11] memory header, uint256[] memory payouts)
        internal
        pure
        returns (bytes32 hash)
    {
        hash = keccak256(abi.encode(header));
        for (uint256 i; i < payouts.length; i += 1024) {
            uint256[] memory group =
                new uint256[](payouts.length - i < 1024 ? payouts.length - i : 1024);
            for (uint256 k; k < group.length; ++k) {
                group[k] = payouts[i + k];
            }
            hash = keccak256(abi.encodePacked(hash, group));
        }
    }

    /// `sum words[i] * alpha^i`
    function evaluate(uint256[11] memory header, uint256[] memory payouts, uint256 alpha)
        internal
        pure
        returns (uint256 y)
    {
        uint256 power = 1;
        for (uint256 i; i < 11 + payouts.length; ++i) {
            uint256 word = i < 11 ? header[i] : payouts[i - 11];
            y = addmod(y, mulmod(word, power, R), R);
            power = mulmod(power, alpha, R);
        }
    }
}
