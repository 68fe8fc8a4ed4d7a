// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// Whole epochs of all sizes, from the deposit to claims.
contract SizesTest is Base {
    function claimSome(uint256[] memory payouts) private {
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(payouts));
        vm.assertEq(net.unclaimed(1), total(payouts));
        pass(CLAIM_DELAY);
        uint256 n = payouts.length;
        uint256[3] memory indexes = [n - 1, n / 2, 0];
        uint256 left = total(payouts);
        for (uint256 k; k < 3; ++k) {
            if (net.isClaimed(1, indexes[k])) continue;
            (address account, uint256 amount) = unpack(payouts[indexes[k]]);
            uint256 before = funds(account);
            claim(1, payouts, indexes[k]);
            vm.assertEq(funds(account), before + amount);
            left -= amount;
        }
        vm.assertEq(net.unclaimed(1), left);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_plain_epochs_of_all_sizes() external {
        uint16[8] memory sizes = [1, 2, 3, 8, 64, 1023, 1024, 1025];
        for (uint256 i; i < sizes.length; ++i) {
            uint256[] memory payouts = list(sizes[i]);
            net = deploy(token);
            epoch(total(payouts) + 5, payouts);
            claimSome(payouts);
        }
    }

    /// Dense lists whose accounts are on pages, with indexes of so many bytes.
    function dense(uint256 n, uint256 indexBytes) private {
        uint256[] memory payouts = list(n);
        uint256 fees = total(payouts) + 5;
        net = deploy(token);
        fund(fees);
        commit(fees);
        Job memory j = job(payouts);
        uint256[] memory pages = new uint256[]((n + 1023) / 1024);
        for (uint256 p; p < pages.length; ++p) {
            uint256 from = 1024 * p;
            address[] memory accounts = new address[](n - from < 1024 ? n - from : 1024);
            for (uint256 i; i < accounts.length; ++i) {
                (accounts[i],) = unpack(payouts[from + i]);
            }
            pages[p] = net.addPage(accounts);
        }
        uint256[] memory indexes = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            indexes[i] = i;
        }
        bytes memory encoded =
            Dense.encode(indexBytes, 8, pages, new address[](0), indexes, payouts);
        uint256[3] memory roots = [j.header[2], j.header[3], j.header[4]];
        net.settleDense(CIRCUIT, j.proof, j.h, roots, j.header[6], j.header[8], encoded);
        claimSome(payouts);
    }

    function test_dense_epochs_of_all_sizes() external {
        dense(1, 0);
        dense(1024, 0);
        dense(1024, 2);
        dense(2049, 2);
        dense(4096, 2);
    }
}
