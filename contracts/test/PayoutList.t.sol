// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {PayoutList} from "../src/PayoutList.sol";
import {Base} from "./Base.sol";
import {ListHarness} from "./ListHarness.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// The list's assembly against the definitions.
contract PayoutListTest is Base {
    ListHarness private lists;

    function setUp() public override {
        lists = new ListHarness();
    }

    /// Payouts with amounts and accounts of all lengths.
    function wide(uint256 n, uint256 seed) private pure returns (uint256[] memory payouts) {
        payouts = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i))) >> 3;
            // Some short, some with all bits.
            if (i % 5 == 1) word >>= (seed + i) % 253;
            payouts[i] = i % 7 == 3 ? (1 << 253) - 1 : word;
        }
    }

    /// `sum payouts[i] * alpha^i`, and the chain from `hash`.
    function compare(uint256[] memory payouts, uint256 alpha) private view {
        string memory what = vm.toString(payouts.length);
        uint256[11] memory header;
        bytes32 start = keccak256(abi.encode(header));
        ListHarness.Out memory out = lists.plain(start, payouts, 0, alpha);
        vm.assertEq(out.hash, Naive.listHash(header, payouts), what);
        // Naive's value has the header in front: eleven zeros.
        uint256 y = mulmod(out.y, lists.power(alpha, 11), R);
        vm.assertEq(y, Naive.evaluate(header, payouts, alpha), what);
        vm.assertEq(out.total, total(payouts), what);
        vm.assertEq(out.roots, Naive.groupRoots(payouts), what);
        vm.assertEq(out.top, Naive.claimRoot(payouts), what);
    }

    function test_every_size_agrees_with_the_definitions() external view {
        uint16[15] memory sizes =
            [0, 1, 2, 3, 7, 8, 255, 256, 257, 1023, 1024, 1025, 2047, 2049, 4096];
        for (uint256 i; i < sizes.length; ++i) {
            compare(wide(sizes[i], i), uint256(keccak256(abi.encode("alpha", i))) % R);
        }
    }

    function test_all_small_sizes_agree_with_the_definitions() external view {
        for (uint256 n; n < 70; ++n) {
            compare(wide(n, 100 + n), uint256(keccak256(abi.encode("alpha", n))) % R);
        }
    }

    function test_points_on_the_edge_agree_with_the_definitions() external view {
        uint256[] memory payouts = wide(1030, 4);
        compare(payouts, 0);
        compare(payouts, 1);
        compare(payouts, R - 1);
        for (uint256 i; i < payouts.length; ++i) {
            payouts[i] = (1 << 253) - 1;
        }
        compare(payouts, R - 1);
        compare(payouts, R - 2);
        for (uint256 i; i < payouts.length; ++i) {
            payouts[i] = 0;
        }
        compare(payouts, R - 1);
    }

    function test_fuzz_agrees_with_the_definitions(uint256[] memory payouts, uint256 alpha)
        external
        view
    {
        for (uint256 i; i < payouts.length; ++i) {
            payouts[i] >>= 3;
        }
        compare(payouts, alpha % R);
    }

    function test_fuzz_header_agrees(uint256[11] memory header, uint256 alpha) external view {
        alpha %= R;
        for (uint256 i; i < 11; ++i) {
            header[i] %= R;
        }
        vm.assertEq(lists.evaluate(header, alpha), Naive.evaluate(header, new uint256[](0), alpha));
    }

    function test_fuzz_power(uint256 alpha, uint16 exponent) external view {
        alpha %= R;
        exponent %= 300;
        uint256 expected = 1;
        for (uint256 i; i < exponent; ++i) {
            expected = mulmod(expected, alpha, R);
        }
        vm.assertEq(lists.power(alpha, exponent), expected);
    }

    function test_the_challenge_hashes_five_words() external {
        for (uint256 i; i < 2; ++i) {
            bytes memory text = abi.encodePacked(
                keccak256("meed.alpha.v1"),
                i == 0 ? uint256(31337) : 10,
                uint256(uint160(address(lists))),
                uint256(77),
                keccak256("list")
            );
            vm.assertEq(lists.challenge(77, keccak256("list")), uint256(keccak256(text)) % R);
            vm.chainId(10);
        }
    }

    /// A list in parts: the chain goes on, indexes count on.
    function test_a_part_counts_from_its_first_index() external view {
        uint256[] memory payouts = wide(2100, 9);
        uint256[] memory tail = new uint256[](payouts.length - 1024);
        for (uint256 i; i < tail.length; ++i) {
            tail[i] = payouts[1024 + i];
        }
        bytes32[] memory expected = Naive.groupRoots(payouts);
        bytes32[] memory got = lists.plain(keccak256("x"), tail, 1024, 5).roots;
        vm.assertEq(got.length, 2);
        vm.assertEq(got[0], expected[1]);
        vm.assertEq(got[1], expected[2]);
    }

    function test_every_claim_of_small_lists_is_in_the_tree() external view {
        for (uint256 n = 1; n < 34; ++n) {
            uint256[] memory payouts = wide(n, n);
            bytes32 root = lists.plain(0, payouts, 0, 1).top;
            for (uint256 i; i < n; ++i) {
                bytes32[] memory proof = Naive.claimProof(payouts, i);
                vm.assertTrue(MerkleProof.verify(proof, root, Naive.leaf(i, payouts[i])));
            }
        }
    }

    function test_claims_of_long_lists_are_in_the_tree() external view {
        uint16[4] memory sizes = [1024, 1025, 2049, 4096];
        for (uint256 s; s < 4; ++s) {
            uint256 n = sizes[s];
            uint256[] memory payouts = wide(n, n);
            bytes32 root = lists.plain(0, payouts, 0, 1).top;
            uint256[5] memory indexes = [0, 1, 1023, n / 2, n - 1];
            for (uint256 k; k < 5; ++k) {
                uint256 i = indexes[k];
                bytes32[] memory proof = Naive.claimProof(payouts, i);
                vm.assertTrue(MerkleProof.verify(proof, root, Naive.leaf(i, payouts[i])));
            }
        }
    }

    function test_words_out_of_range_are_refused() external {
        uint16[5] memory sizes = [1, 2, 9, 1024, 1027];
        for (uint256 s; s < sizes.length; ++s) {
            uint256 n = sizes[s];
            uint256[4] memory places = [0, n / 2, n - 1, n > 1 ? n - 2 : 0];
            for (uint256 k; k < 4; ++k) {
                uint256[] memory payouts = wide(n, s);
                uint256 word = payouts[places[k]];
                uint256[5] memory bad =
                    [word | (1 << 253), word | (1 << 254), word | (1 << 255), (word >> 2) + R, R];
                for (uint256 b; b < 5; ++b) {
                    payouts[places[k]] = bad[b];
                    vm.expectRevert(PayoutList.WordOutOfRange.selector);
                    lists.plain(0, payouts, 0, 7);
                }
            }
        }
    }

    function test_the_largest_word_is_in_range() external view {
        uint256[] memory payouts = new uint256[](1);
        payouts[0] = (1 << 253) - 1;
        vm.assertEq(lists.plain(0, payouts, 0, 7).total, (1 << 93) - 1);
    }

    function test_nothing_else_in_memory_changes() external view {
        uint256[] memory sizes = new uint256[](6);
        (sizes[0], sizes[1], sizes[2]) = (1, 2, 3);
        (sizes[3], sizes[4], sizes[5]) = (31, 1024, 1027);
        for (uint256 s; s < sizes.length; ++s) {
            uint256 n = sizes[s];
            uint256[] memory payouts = list(n);
            bytes memory dense = abi.encodePacked(uint8(0), uint8(12), uint8(0), uint16(n));
            for (uint256 i; i < n; ++i) {
                (address account,) = unpack(payouts[i]);
                dense = bytes.concat(dense, bytes20(account));
            }
            for (uint256 i; i < n; ++i) {
                (, uint256 amount) = unpack(payouts[i]);
                dense = bytes.concat(dense, bytes12(uint96(amount)));
            }
            (ListHarness.Out memory a, ListHarness.Out memory b, bool intact) =
                lists.twice(payouts, dense, 12345);
            vm.assertTrue(intact);
            vm.assertEq(abi.encode(a), abi.encode(b));
            ListHarness.Out memory expected = lists.plain(bytes32(uint256(1)), payouts, 0, 12345);
            vm.assertEq(abi.encode(a), abi.encode(expected));
        }
    }
}
