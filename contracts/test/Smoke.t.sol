// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

contract SmokeTest is Base {
    function run(uint256 n) internal {
        uint256[] memory payouts = list(n);
        uint256 fees = total(payouts) + 5;
        fund(fees);
        commit(fees);
        Job memory j = job(payouts);
        settle(j);
        vm.snapshotGasLastCall("smoke", string.concat("settle ", vm.toString(n)));
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(payouts));
        vm.warp(block.timestamp + CLAIM_DELAY);
        if (n < 2) return;
        token.mint(address(uint160(payouts[1] >> 93)), 1);
        claim(1, payouts, 0);
        claim(1, payouts, 1);
        vm.snapshotGasLastCall("smoke", string.concat("claim ", vm.toString(n)));
        vm.assertEq(net.unclaimed(1), total(payouts) - (payouts[0] & (2**93-1)) - (payouts[1] & (2**93-1)));
    }
    function test_1() external { run(1); }
    function test_2() external { run(2); }
    function test_3() external { run(3); }
    function test_8() external { run(8); }
    function test_64() external { run(64); }
    function test_1024() external { run(1024); }
    function test_1025() external { run(1025); }

    function dense(uint256 n, uint256 indexBytes) internal {
        uint256[] memory payouts = list(n);
        uint256 fees = total(payouts) + 5;
        fund(fees);
        commit(fees);
        Job memory j = job(payouts);
        uint256 m = (n + 1023) / 1024;
        uint256[] memory pages = new uint256[](m);
        for (uint256 p; p < m; ++p) {
            uint256 k = n - 1024 * p < 1024 ? n - 1024 * p : 1024;
            address[] memory a = new address[](k);
            for (uint256 i; i < k; ++i) (a[i],) = unpack(payouts[1024 * p + i]);
            pages[p] = net.addPage(a);
            vm.snapshotGasLastCall("smoke", string.concat("addPage ", vm.toString(k)));
        }
        uint256[] memory indexes = new uint256[](n);
        for (uint256 i; i < n; ++i) indexes[i] = i;
        bytes memory d = Dense.encode(indexBytes, 8, pages, new address[](0), indexes, payouts);
        net.settleDense(CIRCUIT, j.proof, j.h, [j.header[2], j.header[3], j.header[4]], j.header[6], j.header[8], d);
        vm.snapshotGasLastCall("smoke", string.concat("dense ", vm.toString(n), " ", vm.toString(indexBytes)));
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(payouts));
    }
    function test_dense_1024_2() external { dense(1024, 2); }
    function test_dense_1024_0() external { dense(1024, 0); }
    function test_dense_2048_2() external { dense(2048, 2); }
    function test_dense_4096_2() external { dense(4096, 2); }
}
