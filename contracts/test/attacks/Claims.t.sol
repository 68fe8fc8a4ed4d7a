// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedClaims} from "../../src/MeedClaims.sol";
import {MeedMoney} from "../../src/MeedMoney.sol";
import {MeedPause} from "../../src/MeedPause.sol";
import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {Base} from "../Base.sol";
import {Naive} from "../Naive.sol";
import {vm} from "../Vm.sol";

/// Attacks on what is owed: claims, sweeps, the brake.
contract ClaimAttacks is Base {
    /// Two epochs of three payouts each; enough of others' money is there to be stolen.
    function settled() private returns (uint256[] memory payouts) {
        payouts = list(3);
        epoch(total(payouts), payouts);
        epoch(total(payouts), payouts);
    }

    function mature() private returns (uint256[] memory payouts) {
        payouts = settled();
        pass(CLAIM_DELAY);
    }

    function claimOf(uint256[] memory payouts, uint256 index)
        private
        pure
        returns (MeedClaims.Claim memory c)
    {
        (address account, uint256 amount) = unpack(payouts[index]);
        c = MeedClaims.Claim(1, index, account, amount, Naive.claimProof(payouts, index));
    }

    function send(MeedClaims.Claim memory c) private {
        net.claim(c.epoch, c.index, c.account, c.amount, c.proof);
    }

    function pause() private {
        vm.prank(GUARDIAN);
        net.pause();
    }

    function test_attack_claim_twice() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        send(c);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.AlreadyClaimed.selector, 1, 1));
        send(c);
    }

    function test_attack_claim_many_times_at_once() external {
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](3);
        claims[0] = claimOf(mature(), 1);
        claims[1] = claims[2] = claims[0];
        net.claimMany(claims);
        net.claimMany(claims);
        vm.assertEq(funds(claims[0].account), claims[0].amount);
    }

    function test_attack_push_twice() external {
        uint256[] memory payouts = mature();
        net.push(1, payouts);
        net.push(1, payouts);
        send(claimOf2(payouts));
        (address account, uint256 amount) = unpack(payouts[0]);
        // Once for each epoch.
        vm.assertEq(funds(account), 2 * amount);
        vm.assertEq(net.unclaimed(2), total(payouts) - amount);
        vm.assertEq(booked(), funds(address(net)));
    }

    function claimOf2(uint256[] memory payouts) private pure returns (MeedClaims.Claim memory c) {
        c = claimOf(payouts, 0);
        c.epoch = 2;
    }

    function refused(MeedClaims.Claim memory c) private {
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, c.epoch, c.index));
        send(c);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](1);
        claims[0] = c;
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, c.epoch, c.index));
        net.claimMany(claims);
    }

    function test_attack_claim_with_another_index() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        for (uint256 i; i < 9; ++i) {
            c.index = i;
            if (i != 1) refused(c);
        }
    }

    function test_attack_claim_of_more() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        c.amount += 1;
        refused(c);
        // The amount's field is 93 bits wide: above it begins the account.
        c.amount += 1 << 93;
        refused(c);
    }

    function test_attack_claim_of_anothers() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        c.account = STRANGER;
        refused(c);
    }

    function test_attack_internal_node_as_leaf() external {
        // A leaf is hashed twice from 96 bytes, a node once from 64: no node is a leaf. Shorter proofs
        // would make one of it.
        uint256[] memory payouts = mature();
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        bytes32[] memory proof = c.proof;
        c.proof = new bytes32[](proof.length - 1);
        for (uint256 i = 1; i < proof.length; ++i) {
            c.proof[i - 1] = proof[i];
        }
        refused(c);
        // The root itself, and the two nodes below it as numbers.
        c.proof = new bytes32[](0);
        bytes32[] memory nodes = Naive.heap(Naive.leaves(payouts, 0));
        c.index = uint256(nodes[1]);
        c.amount = uint256(nodes[2]);
        refused(c);
    }

    function test_attack_front_run_claim() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        vm.prank(STRANGER);
        send(c);
        vm.assertEq(funds(STRANGER), 0);
        vm.assertEq(funds(c.account), c.amount);
    }

    function test_attack_claim_before_its_time() external {
        MeedClaims.Claim memory c = claimOf(settled(), 1);
        pass(CLAIM_DELAY - 1);
        vm.expectPartialRevert(MeedClaims.NotMatured.selector);
        send(c);
    }

    function test_attack_claim_of_a_held_epoch() external {
        // The guardian stopped it in time.
        MeedClaims.Claim memory c = claimOf(settled(), 1);
        pause();
        pass(CLAIM_DELAY);
        vm.expectPartialRevert(MeedClaims.NotMatured.selector);
        send(c);
    }

    function test_attack_guardian_holds_what_matured() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        pause();
        pass(1);
        send(c);
        vm.assertEq(funds(c.account), c.amount);
    }

    function test_attack_guardian_pauses_for_ever() external {
        pause();
        pass(10 days);
        vm.startPrank(GUARDIAN);
        vm.expectPartialRevert(MeedPause.Paused.selector);
        net.pause();
        pass(4 days);
        vm.expectPartialRevert(MeedPause.PauseTooSoon.selector);
        net.pause();
        vm.stopPrank();
        fund(1);
    }

    // Sweeps.

    function test_attack_sweep_of_claimed_money() external {
        uint256[] memory payouts = mature();
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        send(c);
        pass(SWEEP_DELAY);
        net.sweep(1);
        vm.assertEq(funds(TREASURY), total(payouts) - c.amount);
        vm.assertEq(net.unclaimed(2), total(payouts));
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_attack_sweep_early() external {
        mature();
        pass(SWEEP_DELAY - 1);
        vm.expectPartialRevert(MeedClaims.SweepTooSoon.selector);
        net.sweep(1);
    }

    function test_attack_sweep_twice() external {
        uint256[] memory payouts = mature();
        pass(SWEEP_DELAY);
        net.sweep(1);
        net.sweep(1);
        vm.assertEq(funds(TREASURY), total(payouts));
        vm.assertEq(funds(address(net)), total(payouts));
    }

    function test_attack_claim_after_the_sweep() external {
        MeedClaims.Claim memory c = claimOf(mature(), 1);
        pass(SWEEP_DELAY);
        net.sweep(1);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.Swept.selector, 1));
        send(c);
    }

    // Retractions.

    function retract(MeedSettlement.Undo memory u) private {
        vm.prank(GUARDIAN);
        net.retract(u);
    }

    /// Epoch 1 settled and not mature.
    function fresh() private returns (uint256[] memory payouts, MeedSettlement.Undo memory u) {
        payouts = list(3);
        fund(total(payouts));
        commit(total(payouts));
        u = undo();
        settle(job(payouts));
    }

    function test_attack_retract_what_matured() external {
        (, MeedSettlement.Undo memory u) = fresh();
        pass(CLAIM_DELAY);
        pause();
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.Matured.selector, 1));
        retract(u);
    }

    function test_attack_retract_without_a_pause() external {
        (, MeedSettlement.Undo memory u) = fresh();
        vm.expectRevert(MeedPause.NotPaused.selector);
        retract(u);
    }

    function test_attack_retract_to_another_state() external {
        (, MeedSettlement.Undo memory u) = fresh();
        pause();
        u.accrued = 1e30;
        vm.expectRevert(MeedSettlement.WrongUndo.selector);
        retract(u);
    }

    function test_attack_retract_twice() external {
        // Each time the fees of the commitment would be booked once more.
        (uint256[] memory payouts, MeedSettlement.Undo memory u) = fresh();
        pause();
        retract(u);
        vm.expectRevert(MeedSettlement.WrongUndo.selector);
        retract(u);
        vm.assertEq(booked(), total(payouts));
    }

    function test_attack_retract_loses_fees() external {
        (uint256[] memory payouts, MeedSettlement.Undo memory u) = fresh();
        fund(50);
        commit(50);
        pause();
        retract(u);
        vm.assertEq(booked(), total(payouts) + 50);
        vm.assertEq(net.pot(), 50);
    }

    function test_attack_claim_of_a_retracted_epoch() external {
        (uint256[] memory payouts, MeedSettlement.Undo memory u) = fresh();
        pause();
        retract(u);
        pass(30 days);
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.EpochUnknown.selector, 1));
        send(c);
    }

    function test_attack_new_scores_after_a_retraction() external {
        (, MeedSettlement.Undo memory u) = fresh();
        pause();
        retract(u);
        vm.prank(GUARDIAN);
        net.unpause();
        vm.prank(OPERATOR);
        vm.expectPartialRevert(MeedSettlement.AlreadyCommitted.selector);
        net.commit(1, 1, 2, 3, 0);
    }

    function test_attack_retract_and_settle_in_one_block() external {
        (uint256[] memory payouts, MeedSettlement.Undo memory u) = fresh();
        pause();
        retract(u);
        vm.prank(GUARDIAN);
        net.unpause();
        Job memory j = job(payouts);
        vm.expectRevert(MeedSettlement.CommittedInThisBlock.selector);
        settle(j);
    }

    function test_attack_pay_one() external {
        mature();
        vm.prank(STRANGER);
        vm.expectRevert(MeedMoney.OnlySelf.selector);
        net.payOne(STRANGER, 1);
    }
}
