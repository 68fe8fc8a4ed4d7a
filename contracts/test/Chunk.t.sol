// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ChunkTree} from "./ChunkTree.sol";
import {GasMeter} from "./GasMeter.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// What a claim tree with several payouts in a leaf would save and cost. The difference between the rows is what
/// counts: each has only the part that differs.
/// forge-config: default.isolate = true
contract ChunkTest is GasMeter {
    uint256 private constant N = 1024;
    uint256 private constant INDEX = 533;

    function test_chunks() external {
        ChunkTree tree = new ChunkTree();
        uint256[] memory l = payouts(N, 1e18, 1);

        (uint256 sum, bytes32 root) = tree.plain(l);
        vm.assertEq(sum, total(l));
        vm.assertEq(root, Naive.claimRoot(l));
        send("tree, 1 in a leaf", STRANGER, 0, address(tree), abi.encodeCall(tree.plain, (l)));
        (address account, uint256 amount) = unpack(l[INDEX]);
        bytes memory claim_ = abi.encodeCall(
            tree.claimPlain, (root, INDEX, account, amount, Naive.claimProof(l, INDEX))
        );
        send("check, 1 in a leaf", STRANGER, 0, address(tree), claim_);

        for (uint256 size = 4; size <= 16; size *= 2) {
            chunks(tree, l, size);
        }
    }

    function chunks(ChunkTree tree, uint256[] memory l, uint256 size) private {
        bytes32[] memory leaves = new bytes32[](N / size);
        for (uint256 i; i < leaves.length; ++i) {
            uint256[] memory words_ = slice(l, i * size, (i + 1) * size);
            leaves[i] = keccak256(
                abi.encode(keccak256(abi.encodePacked(i * size, abi.encodePacked(words_))))
            );
        }
        bytes32[] memory nodes = Naive.heap(leaves);
        (uint256 sum, bytes32 root) = tree.chunked(l, size);
        vm.assertEq(sum, total(l));
        vm.assertEq(root, nodes[0]);
        string memory name = string.concat(vm.toString(size), " in a leaf");
        send(
            string.concat("tree, ", name),
            STRANGER,
            0,
            address(tree),
            abi.encodeCall(tree.chunked, (l, size))
        );
        uint256 first = INDEX / size * size;
        bytes memory claim_ = abi.encodeCall(
            tree.claimChunked,
            (
                root,
                first,
                INDEX - first,
                slice(l, first, first + size),
                Naive.proofIn(nodes, INDEX / size)
            )
        );
        send(string.concat("check, ", name), STRANGER, 0, address(tree), claim_);
    }
}
