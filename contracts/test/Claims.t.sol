// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MeedClaims} from "../src/MeedClaims.sol";
import {MeedMoney} from "../src/MeedMoney.sol";
import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// Claims from a token network; `CoinClaimsTest` runs the same with the chain's coin.
contract ClaimsTest is Base {
    function amountOf(uint256 word) internal pure returns (uint256 amount) {
        (, amount) = unpack(word);
    }

    function accountOf(uint256 word) internal pure returns (address account) {
        (account,) = unpack(word);
    }

    /// Epoch 1 with n payouts, mature.
    function mature(uint256 n) internal returns (uint256[] memory payouts) {
        payouts = list(n);
        epoch(total(payouts) + 9, payouts);
        pass(CLAIM_DELAY);
    }

    function claimOf(uint256 number, uint256[] memory payouts, uint256 index)
        internal
        pure
        returns (MeedClaims.Claim memory c)
    {
        (address account, uint256 amount) = unpack(payouts[index]);
        c = MeedClaims.Claim(number, index, account, amount, Naive.claimProof(payouts, index));
    }

    function test_a_claim_pays_its_account() external {
        uint256[] memory payouts = mature(5);
        uint256 left = total(payouts);
        for (uint256 k; k < 5; ++k) {
            uint256 i = (3 * k + 1) % 5;
            (address account, uint256 amount) = unpack(payouts[i]);
            vm.assertFalse(net.isClaimed(1, i));
            vm.expectEmit(address(net));
            emit MeedClaims.Claimed(1, i, account, amount);
            claim(1, payouts, i);
            left -= amount;
            vm.assertTrue(net.isClaimed(1, i));
            vm.assertEq(funds(account), amount);
            vm.assertEq(net.unclaimed(1), left);
            vm.assertEq(booked(), funds(address(net)));
        }
        vm.assertEq(net.unclaimed(1), 0);
        vm.assertEq(funds(address(net)), 9);
    }

    function test_claims_wait_for_their_delay() external {
        uint256[] memory payouts = list(2);
        epoch(total(payouts), payouts);
        uint256 from = vm.getBlockTimestamp() + CLAIM_DELAY;
        bytes memory early = abi.encodeWithSelector(MeedClaims.NotMatured.selector, 1, from);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](1);
        claims[0] = claimOf(1, payouts, 0);
        for (uint256 k; k < 2; ++k) {
            vm.expectRevert(early);
            net.claim(1, 0, claims[0].account, claims[0].amount, claims[0].proof);
            vm.expectRevert(early);
            net.claimMany(claims);
            vm.expectRevert(early);
            net.push(1, payouts);
            vm.expectRevert(early);
            net.sweep(1);
            pass(k == 0 ? CLAIM_DELAY - 1 : 1);
        }
        claim(1, payouts, 0);
    }

    function test_unknown_epochs_have_their_error() external {
        uint256[] memory payouts = mature(2);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](1);
        uint256[2] memory numbers = [uint256(2), type(uint256).max];
        for (uint256 i; i < 2; ++i) {
            claims[0] = claimOf(1, payouts, 0);
            claims[0].epoch = numbers[i];
            bytes memory expected =
                abi.encodeWithSelector(MeedClaims.EpochUnknown.selector, numbers[i]);
            vm.expectRevert(expected);
            net.claim(numbers[i], 0, claims[0].account, claims[0].amount, claims[0].proof);
            vm.expectRevert(expected);
            net.claimMany(claims);
            vm.expectRevert(expected);
            net.push(numbers[i], payouts);
            vm.expectRevert(expected);
            net.sweep(numbers[i]);
        }
    }

    function test_epoch_zero_has_nothing() external {
        uint256[] memory payouts = mature(2);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, 0, 0));
        net.claim(0, 0, accountOf(payouts[0]), 1, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 0));
        net.push(0, payouts);
        pass(SWEEP_DELAY);
        net.sweep(0);
        vm.assertEq(funds(TREASURY), 0);
        vm.assertEq(funds(address(net)), total(payouts) + 9);
    }

    function test_a_claim_happens_once() external {
        uint256[] memory payouts = mature(5);
        claim(1, payouts, 3);
        MeedClaims.Claim memory c = claimOf(1, payouts, 3);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.AlreadyClaimed.selector, 1, 3));
        net.claim(1, 3, c.account, c.amount, c.proof);
    }

    function test_claims_outside_the_tree_have_their_error() external {
        uint256[] memory payouts = mature(5);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](2);
        claims[0] = claimOf(1, payouts, 0);
        for (uint256 k; k < 6; ++k) {
            MeedClaims.Claim memory c = claimOf(1, payouts, 3);
            if (k == 0) c.index += 1;
            if (k == 1) c.account = STRANGER;
            if (k == 2) c.amount += 1;
            if (k == 3) c.proof[0] = bytes32(uint256(c.proof[0]) ^ 1);
            if (k == 4) c.proof = new bytes32[](0);
            if (k == 5) c.proof = Naive.claimProof(payouts, 2);
            bytes memory expected =
                abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, 1, c.index);
            vm.expectRevert(expected);
            net.claim(1, c.index, c.account, c.amount, c.proof);
            claims[1] = c;
            vm.expectRevert(expected);
            net.claimMany(claims);
        }
        vm.assertEq(net.unclaimed(1), total(payouts));
    }

    function test_another_epochs_claim_is_refused() external {
        uint256[] memory payouts = mature(5);
        uint256[] memory others = list(4);
        epoch(total(others), others);
        pass(CLAIM_DELAY);
        MeedClaims.Claim memory c = claimOf(1, payouts, 3);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, 2, 3));
        net.claim(2, 3, c.account, c.amount, c.proof);
        claim(2, others, 3);
        claim(1, payouts, 3);
    }

    function test_many_claims_of_many_epochs() external {
        uint256[] memory first = list(5);
        uint256[] memory second = list(4);
        epoch(total(first), first);
        epoch(total(second), second);
        pass(CLAIM_DELAY);
        claim(1, first, 2);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](4);
        claims[0] = claimOf(2, second, 3);
        claims[1] = claimOf(1, first, 2);
        claims[2] = claimOf(1, first, 4);
        // Twice in the same call.
        claims[3] = claims[0];
        uint256 before = funds(claims[1].account);
        vm.expectEmit(address(net));
        emit MeedClaims.Claimed(2, 3, claims[0].account, claims[0].amount);
        vm.expectEmit(address(net));
        emit MeedClaims.Claimed(1, 4, claims[2].account, claims[2].amount);
        net.claimMany(claims);
        vm.assertEq(funds(claims[0].account), claims[0].amount);
        vm.assertEq(funds(claims[1].account), before);
        vm.assertEq(funds(claims[2].account), claims[2].amount);
        vm.assertTrue(net.isClaimed(2, 3) && net.isClaimed(1, 4) && net.isClaimed(1, 2));
        vm.assertFalse(net.isClaimed(2, 2) || net.isClaimed(1, 3));
        vm.assertEq(booked(), funds(address(net)));
        net.claimMany(new MeedClaims.Claim[](0));
    }

    function test_push_pays_everyone_once() external {
        uint256[] memory payouts = mature(9);
        claim(1, payouts, 2);
        net.push(1, payouts);
        for (uint256 i; i < 9; ++i) {
            (address account, uint256 amount) = unpack(payouts[i]);
            vm.assertEq(funds(account), amount);
            vm.assertTrue(net.isClaimed(1, i));
        }
        vm.assertEq(net.unclaimed(1), 0);
        net.push(1, payouts);
        vm.assertEq(funds(address(net)), 9);
    }

    function test_push_needs_the_epochs_list() external {
        uint256[] memory payouts = mature(9);
        bytes memory expected = abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 1);
        vm.expectRevert(expected);
        net.push(1, new uint256[](0));
        uint256[] memory shorter = new uint256[](8);
        for (uint256 i; i < 8; ++i) {
            shorter[i] = payouts[i];
        }
        vm.expectRevert(expected);
        net.push(1, shorter);
        payouts[4] ^= 1;
        vm.expectRevert(expected);
        net.push(1, payouts);
        payouts[4] ^= 1;
        (payouts[0], payouts[1]) = (payouts[1], payouts[0]);
        vm.expectRevert(expected);
        net.push(1, payouts);
    }

    function test_push_is_for_one_group() external {
        uint256[] memory payouts = mature(1025);
        bytes memory expected = abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 1);
        vm.expectRevert(expected);
        net.push(1, payouts);
        uint256[] memory group = new uint256[](1024);
        for (uint256 i; i < 1024; ++i) {
            group[i] = payouts[i];
        }
        vm.expectRevert(expected);
        net.push(1, group);
        claim(1, payouts, 1024);
        claim(1, payouts, 0);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_flags_of_many_slots() external {
        uint256[] memory payouts = mature(300);
        uint256[8] memory indexes = [uint256(0), 127, 128, 255, 256, 299, 129, 1];
        uint256 left = total(payouts);
        for (uint256 k; k < 8; ++k) {
            claim(1, payouts, indexes[k]);
            left -= amountOf(payouts[indexes[k]]);
            vm.assertEq(net.unclaimed(1), left);
        }
        for (uint256 i; i < 300; ++i) {
            bool expected;
            for (uint256 k; k < 8; ++k) {
                expected = expected || indexes[k] == i;
            }
            vm.assertEq(net.isClaimed(1, i), expected, vm.toString(i));
        }
        net.push(1, payouts);
        vm.assertEq(net.unclaimed(1), 0);
        for (uint256 i; i < 300; ++i) {
            vm.assertEq(funds(accountOf(payouts[i])), amountOf(payouts[i]));
        }
    }

    function test_the_largest_amounts_fit_a_slot() external {
        uint256[] memory payouts = new uint256[](129);
        for (uint256 i; i < 129; ++i) {
            payouts[i] = pack(address(uint160(0x10000 + i)), (1 << 93) - 1);
        }
        epoch(total(payouts), payouts);
        pass(CLAIM_DELAY);
        net.push(1, payouts);
        vm.assertEq(net.unclaimed(1), 0);
        vm.assertEq(funds(address(uint160(0x10000 + 127))), (1 << 93) - 1);
        for (uint256 i; i < 129; ++i) {
            vm.assertTrue(net.isClaimed(1, i));
        }
    }

    function test_a_sweep_takes_what_is_left() external {
        uint256[] memory payouts = mature(5);
        claim(1, payouts, 1);
        uint256 left = total(payouts) - amountOf(payouts[1]);
        uint256 from = vm.getBlockTimestamp() + SWEEP_DELAY;
        pass(SWEEP_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.SweepTooSoon.selector, 1, from));
        net.sweep(1);
        pass(1);
        vm.expectEmit(address(net));
        emit MeedClaims.EpochSwept(1, left);
        net.sweep(1);
        vm.assertEq(funds(TREASURY), left);
        vm.assertEq(net.unclaimed(1), 0);
        vm.assertEq(funds(address(net)), 9);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](1);
        claims[0] = claimOf(1, payouts, 0);
        bytes memory expected = abi.encodeWithSelector(MeedClaims.Swept.selector, 1);
        vm.expectRevert(expected);
        net.claim(1, 0, claims[0].account, claims[0].amount, claims[0].proof);
        vm.expectRevert(expected);
        net.claimMany(claims);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 1));
        net.push(1, payouts);
    }

    function test_the_leaf_is_the_merkle_trees() external view {
        vm.assertEq(net.leaf(3, STRANGER, 77), Naive.leaf(3, pack(STRANGER, 77)));
    }

    function test_old_epochs_stay_mature() external {
        uint256[] memory payouts = list(3);
        for (uint256 k; k < 3; ++k) {
            epoch(total(payouts), payouts);
        }
        pass(CLAIM_DELAY);
        // The last one first: it vouches for the others.
        claim(3, payouts, 0);
        claim(1, payouts, 0);
        claim(2, payouts, 0);
        vm.assertEq(funds(accountOf(payouts[0])), 3 * amountOf(payouts[0]));
        epoch(total(payouts), payouts);
        vm.expectPartialRevert(MeedClaims.NotMatured.selector);
        net.push(4, payouts);
    }

    function test_only_the_contract_itself_pays_one() external {
        mature(3);
        vm.expectRevert(MeedMoney.OnlySelf.selector);
        net.payOne(STRANGER, 1);
        vm.prank(OWNER);
        vm.expectRevert(MeedMoney.OnlySelf.selector);
        net.payOne(STRANGER, 1);
    }
}

contract CoinClaimsTest is ClaimsTest {
    function setUp() public override {
        super.setUp();
        net = deploy(IERC20(address(0)));
    }
}
