// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {PayoutList} from "../src/PayoutList.sol";
import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {ListHarness} from "./ListHarness.sol";
import {vm} from "./Vm.sol";

/// Dense lists give the same words as plain ones, or are refused.
contract DenseListTest is Base {
    ListHarness private lists;

    function setUp() public override {
        lists = new ListHarness();
    }

    /// Payouts whose amounts fit in so many bytes.
    function payoutsOf(uint256 n, uint256 amountBytes, uint256 seed)
        private
        pure
        returns (uint256[] memory payouts)
    {
        uint256 bits = 8 * amountBytes < 93 ? 8 * amountBytes : 93;
        payouts = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            // The first amount has all bits.
            uint256 amount = i == 0 ? (1 << bits) - 1 : (random & ((1 << bits) - 1)) >> i % bits;
            payouts[i] = pack(address(uint160(random >> 96)), amount);
        }
    }

    function accountsOf(uint256[] memory payouts, uint256 from, uint256 n)
        private
        pure
        returns (address[] memory accounts)
    {
        accounts = new address[](n);
        for (uint256 i; i < n; ++i) {
            (accounts[i],) = unpack(payouts[from + i]);
        }
    }

    function count(uint256 n) private pure returns (uint256[] memory indexes) {
        indexes = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            indexes[i] = i;
        }
    }

    function same(bytes memory dense, uint256[] memory payouts, string memory what) private view {
        vm.assertEq(lists.decode(dense), payouts, what);
        // And whatever is computed of them.
        ListHarness.Out memory a = lists.dense(bytes32(uint256(7)), dense, 0, 12345);
        ListHarness.Out memory b = lists.plain(bytes32(uint256(7)), payouts, 0, 12345);
        vm.assertEq(abi.encode(a), abi.encode(b), what);
    }

    function test_every_width_gives_the_same_words() external view {
        for (uint256 indexBytes; indexBytes < 5; ++indexBytes) {
            for (uint256 amountBytes = 1; amountBytes < 13; ++amountBytes) {
                for (uint256 n; n < 20; n += 1 + n / 3) {
                    uint256[] memory payouts = payoutsOf(n, amountBytes, indexBytes);
                    bytes memory dense = Dense.encode(
                        indexBytes,
                        amountBytes,
                        new uint256[](0),
                        accountsOf(payouts, 0, n),
                        count(n),
                        payouts
                    );
                    same(dense, payouts, vm.toString(100 * indexBytes + amountBytes));
                }
            }
        }
    }

    /// A list whose accounts are on pages of the given sizes and, at the end, given inline.
    function paged(uint256[] memory sizes, uint256 inline_, uint256 indexBytes, uint256 seed)
        private
        returns (bytes memory dense, uint256[] memory payouts)
    {
        uint256 n = inline_;
        for (uint256 p; p < sizes.length; ++p) {
            n += sizes[p];
        }
        uint256[] memory all = payoutsOf(n, 8, seed);
        uint256[] memory pages = new uint256[](sizes.length);
        uint256 from;
        for (uint256 p; p < sizes.length; ++p) {
            pages[p] = lists.addPage(accountsOf(all, from, sizes[p]));
            from += sizes[p];
        }
        address[] memory given = accountsOf(all, from, inline_);
        // Backwards, each third one left out, the last one twice; in order if indexes count up.
        uint256[] memory indexes = count(n);
        payouts = all;
        if (indexBytes != 0) {
            uint256 used;
            for (uint256 i = n; i > 0; --i) {
                if (i % 3 != 0 || i == n) indexes[used++] = i - 1;
            }
            payouts = new uint256[](used);
            for (uint256 i; i < used; ++i) {
                payouts[i] = all[indexes[i]];
            }
        }
        dense = Dense.encode(indexBytes, 8, pages, given, indexes, payouts);
    }

    function test_pages_and_inline_accounts_give_the_same_words() external {
        for (uint256 indexBytes; indexBytes < 5; ++indexBytes) {
            if (indexBytes == 1) continue;
            uint256[] memory sizes = new uint256[](3);
            (sizes[0], sizes[1], sizes[2]) = (1024, 1, 300);
            (bytes memory dense, uint256[] memory payouts) = paged(sizes, 21, indexBytes, 1);
            same(dense, payouts, vm.toString(indexBytes));
            (dense, payouts) = paged(sizes, 0, indexBytes, 2);
            same(dense, payouts, vm.toString(indexBytes));
            (dense, payouts) = paged(new uint256[](0), 40, indexBytes, 3);
            same(dense, payouts, vm.toString(indexBytes));
        }
        uint256[] memory one = new uint256[](1);
        one[0] = 200;
        (bytes memory small, uint256[] memory words_) = paged(one, 56, 1, 4);
        same(small, words_, "one byte");
    }

    function test_long_lists_give_the_same_words() external {
        uint256[] memory sizes = new uint256[](4);
        for (uint256 i; i < 4; ++i) {
            sizes[i] = 1024;
        }
        (bytes memory dense, uint256[] memory payouts) = paged(sizes, 0, 0, 5);
        vm.assertEq(payouts.length, 4096);
        same(dense, payouts, "sequential");
        (dense, payouts) = paged(sizes, 3, 2, 6);
        same(dense, payouts, "two bytes");
    }

    function test_a_page_may_be_named_twice_and_partly_used() external {
        uint256[] memory payouts = payoutsOf(6, 5, 8);
        uint256[] memory pages = new uint256[](3);
        pages[0] = lists.addPage(accountsOf(payouts, 0, 6));
        pages[1] = lists.addPage(accountsOf(payouts, 1, 2));
        pages[2] = pages[0];
        // 6 + 2 + 6 accounts: index 8 is the first one of the first page again.
        uint256[] memory indexes = new uint256[](2);
        (indexes[0], indexes[1]) = (8, 13);
        uint256[] memory two = new uint256[](2);
        (two[0], two[1]) = (payouts[0], payouts[5]);
        same(Dense.encode(1, 5, pages, new address[](0), indexes, two), two, "twice");
        // Sequential indexes may stop early.
        uint256[] memory some = new uint256[](4);
        for (uint256 i; i < 4; ++i) {
            some[i] = payouts[i];
        }
        same(Dense.encode(0, 5, pages, new address[](0), indexes, some), some, "early");
    }

    function test_fuzz_dense_gives_the_same_words(uint256 seed) external {
        uint256[] memory sizes = new uint256[](seed % 3);
        for (uint256 i; i < sizes.length; ++i) {
            sizes[i] = 1 + (seed >> (16 * i)) % 40;
        }
        uint256 indexBytes = (seed >> 100) % 5;
        (bytes memory dense, uint256[] memory payouts) =
            paged(sizes, (seed >> 120) % 40, indexBytes, seed);
        same(dense, payouts, "fuzz");
    }

    // What is refused.

    function malformed(bytes memory dense) private {
        vm.expectRevert(PayoutList.DenseMalformed.selector);
        lists.decode(dense);
    }

    function test_every_truncation_is_refused_or_a_shorter_list() external {
        uint256[] memory sizes = new uint256[](2);
        (sizes[0], sizes[1]) = (3, 4);
        for (uint256 indexBytes; indexBytes < 3; ++indexBytes) {
            (bytes memory dense, uint256[] memory payouts) = paged(sizes, 2, indexBytes, 9);
            uint256 entries = 3 + 2 * 3 + 2 + 2 * 20;
            uint256 width = indexBytes + 8;
            vm.assertEq(dense.length, entries + width * payouts.length);
            for (uint256 length; length < dense.length; ++length) {
                bytes memory cut = new bytes(length);
                for (uint256 i; i < length; ++i) {
                    cut[i] = dense[i];
                }
                if (length < entries || (length - entries) % width != 0) {
                    malformed(cut);
                } else {
                    // Whole entries: another list, with another hash.
                    uint256[] memory shorter = new uint256[]((length - entries) / width);
                    for (uint256 i; i < shorter.length; ++i) {
                        shorter[i] = payouts[i];
                    }
                    same(cut, shorter, "shorter");
                }
            }
            for (uint256 more = 1; more < width; ++more) {
                malformed(bytes.concat(dense, new bytes(more)));
            }
        }
    }

    function test_bytes_after_the_calldata_are_not_read() external {
        // A list that ends in the middle of what it announces, with the missing bytes behind it in the
        // calldata: as the argument's padding or after it.
        uint256[] memory payouts = payoutsOf(2, 8, 3);
        bytes memory dense =
            Dense.encode(1, 8, new uint256[](0), accountsOf(payouts, 0, 2), count(2), payouts);
        bytes memory data = abi.encodeCall(lists.decode, (dense));
        for (uint256 less = 1; less < 9; ++less) {
            bytes memory changed = bytes.concat(data, new bytes(0));
            changed[4 + 63] = bytes1(uint8(dense.length - less));
            vm.expectRevert(PayoutList.DenseMalformed.selector);
            (bool ok,) = address(lists).call(changed);
            vm.assertTrue(ok);
        }
    }

    function test_indexes_outside_are_refused() external {
        uint256[] memory payouts = payoutsOf(5, 4, 3);
        address[] memory given = accountsOf(payouts, 0, 5);
        for (uint256 indexBytes = 1; indexBytes < 5; ++indexBytes) {
            for (uint256 bad; bad < 5; ++bad) {
                uint256[] memory indexes = count(5);
                indexes[bad] = 5;
                malformed(Dense.encode(indexBytes, 4, new uint256[](0), given, indexes, payouts));
                indexes[bad] = (1 << 8 * indexBytes) - 1;
                bytes memory dense =
                    Dense.encode(indexBytes, 4, new uint256[](0), given, indexes, payouts);
                // What lies far behind the table is never read: nobody could pay for it.
                vm.expectRevert(PayoutList.DenseMalformed.selector);
                lists.decode{gas: 1_000_000}(dense);
            }
        }
        // Sequential: one payout more than accounts.
        uint256[] memory six = payoutsOf(6, 4, 3);
        malformed(Dense.encode(0, 4, new uint256[](0), given, count(6), six));
        // No accounts at all.
        malformed(Dense.encode(0, 4, new uint256[](0), new address[](0), count(6), six));
        malformed(Dense.encode(2, 4, new uint256[](0), new address[](0), count(6), six));
    }

    function test_widths_outside_are_refused() external {
        uint256[] memory payouts = payoutsOf(5, 4, 3);
        address[] memory given = accountsOf(payouts, 0, 5);
        for (uint256 amountBytes = 13; amountBytes < 40; ++amountBytes) {
            malformed(Dense.encode(1, amountBytes, new uint256[](0), given, count(5), payouts));
        }
        for (uint256 indexBytes = 5; indexBytes < 9; ++indexBytes) {
            malformed(Dense.encode(indexBytes, 4, new uint256[](0), given, count(5), payouts));
        }
        malformed(Dense.encode(1, 0, new uint256[](0), given, count(5), payouts));
        // No width at all, with and without entries.
        malformed(abi.encodePacked(uint8(0), uint8(0), uint8(0), uint16(0)));
        malformed(abi.encodePacked(uint8(0), uint8(0), uint8(0), uint16(0), uint8(1)));
        malformed(abi.encodePacked(uint8(255), uint8(255), uint8(0), uint16(0)));
    }

    function test_unknown_pages_are_refused() external {
        uint256[] memory payouts = payoutsOf(2, 4, 3);
        uint256[] memory pages = new uint256[](2);
        pages[0] = lists.addPage(accountsOf(payouts, 0, 2));
        uint24[3] memory unknown = [1, 0xffff, 0xffffff];
        for (uint256 i; i < 3; ++i) {
            pages[1] = unknown[i];
            bytes memory dense = Dense.encode(1, 4, pages, new address[](0), count(2), payouts);
            vm.expectRevert(
                abi.encodeWithSelector(PayoutList.PageUnknown.selector, uint256(unknown[i]))
            );
            lists.decode(dense);
        }
    }

    function test_a_list_that_announces_more_accounts_than_it_has_is_refused() external {
        malformed(abi.encodePacked(uint8(0), uint8(1), uint8(0), uint16(1)));
        malformed(abi.encodePacked(uint8(0), uint8(1), uint8(0), uint16(1), new bytes(19)));
        malformed(abi.encodePacked(uint8(0), uint8(1), uint8(0), type(uint16).max, new bytes(2000)));
        malformed(abi.encodePacked(uint8(0), uint8(1), uint8(255), uint16(0)));
    }

    function test_an_empty_list_needs_nothing() external view {
        bytes memory dense = abi.encodePacked(uint8(0), uint8(1), uint8(0), uint16(0));
        same(dense, new uint256[](0), "empty");
    }

    /// 12 bytes hold more than an amount: such a word is just another word, in range.
    function test_a_too_large_amount_gives_some_word_in_range() external view {
        bytes memory dense = abi.encodePacked(
            uint8(0), uint8(12), uint8(0), uint16(1), address(type(uint160).max), type(uint96).max
        );
        uint256[] memory words_ = lists.decode(dense);
        vm.assertEq(words_[0], (1 << 253) - 1);
    }
}
