// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedClaims} from "../src/MeedClaims.sol";
import {MeedPause} from "../src/MeedPause.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract RetractTest is Base {
    function pause() private {
        vm.prank(GUARDIAN);
        net.pause();
    }

    function retract(MeedSettlement.Undo memory u) private {
        vm.prank(GUARDIAN);
        net.retract(u);
    }

    /// All that a settlement changes, besides the commitment's time.
    function facts() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                net.epoch(),
                net.accrued(),
                net.stateRoot(),
                net.pot(),
                net.locked(),
                net.commitment(),
                funds(address(net))
            )
        );
    }

    /// Epoch 1 pays nobody, so something waits; epoch 2 is committed.
    function prepare() private returns (Job memory j, MeedSettlement.Undo memory u) {
        epoch(1e18, list(0));
        uint256[] memory payouts = list(3);
        fund(total(payouts) + 5);
        commit(total(payouts));
        j = job(payouts);
        u = undo();
    }

    function test_a_retraction_restores_everything() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        bytes32 before = facts();
        settle(j);
        vm.assertNotEq(facts(), before);
        pause();
        vm.expectEmit(address(net));
        emit MeedSettlement.Retracted(2);
        retract(u);
        vm.assertEq(facts(), before);
        (bytes32 root, uint128 released, uint64 from, uint32 n, bool swept) = net.epochs(2);
        vm.assertTrue(root == 0 && released == 0 && from == 0 && n == 0 && !swept);
        vm.assertEq(net.unclaimed(2), 0);
        vm.assertEq(booked(), funds(address(net)));
        vm.assertEq(net.committedBlock(), vm.getBlockNumber());
        vm.assertEq(net.committedTime(), vm.getBlockTimestamp());
    }

    function test_the_same_settlement_can_be_made_again() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        bytes32 after_ = facts();
        pause();
        retract(u);
        vm.prank(GUARDIAN);
        net.unpause();
        vm.expectRevert(MeedSettlement.CommittedInThisBlock.selector);
        settle(j);
        nextBlock();
        settle(j);
        vm.assertEq(facts(), after_);
        pass(CLAIM_DELAY);
        net.push(2, j.payouts);
        vm.assertEq(net.unclaimed(2), 0);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_another_settlement_of_the_same_scores_can_take_its_place() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        pause();
        retract(u);
        vm.prank(GUARDIAN);
        net.unpause();
        nextBlock();
        // The operator cannot commit anew at once.
        vm.prank(OPERATOR);
        vm.expectPartialRevert(MeedSettlement.AlreadyCommitted.selector);
        net.commit(2, 1, 2, 3, 0);
        uint256[] memory fewer = list(2);
        settle(job(fewer));
        pass(CLAIM_DELAY);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 2));
        net.push(2, j.payouts);
        net.push(2, fewer);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_fees_committed_since_go_back_to_the_pot() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        bytes32 before = facts();
        settle(j);
        commit(5);
        vm.assertEq(net.pot(), 0);
        pause();
        retract(u);
        vm.assertEq(facts(), before);
        vm.assertEq(net.pot(), 5);
        vm.assertEq(net.locked(), u.fees);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_a_deposit_since_stays() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        fund(100);
        pause();
        retract(u);
        vm.assertEq(net.pot(), 105);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_retracting_needs_a_pause() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        vm.expectRevert(MeedPause.NotPaused.selector);
        retract(u);
        pause();
        pass(14 days);
        vm.expectRevert(MeedPause.NotPaused.selector);
        retract(u);
    }

    function test_what_matured_stays() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        pass(CLAIM_DELAY);
        pause();
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.Matured.selector, 2));
        retract(u);
        pass(1 days);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.Matured.selector, 2));
        retract(u);
    }

    function test_a_held_epoch_can_be_retracted_to_the_end_of_the_pause() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        pass(CLAIM_DELAY - 1);
        pause();
        pass(14 days - 1);
        retract(u);
    }

    function test_only_the_right_facts_undo() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        MeedSettlement.Undo memory none;
        pause();
        vm.expectRevert(MeedSettlement.WrongUndo.selector);
        retract(none);
        vm.prank(GUARDIAN);
        net.unpause();
        settle(j);
        pass(CLAIM_DELAY);
        epoch(1, list(0));
        pass(14 days - CLAIM_DELAY);
        pause();
        // Epoch 2 is not the last one.
        vm.expectRevert(MeedSettlement.WrongUndo.selector);
        retract(u);
    }

    function test_each_wrong_fact_is_refused() external {
        (Job memory j, MeedSettlement.Undo memory u) = prepare();
        settle(j);
        pause();
        for (uint256 i; i < 7; ++i) {
            MeedSettlement.Undo memory wrong = abi.decode(abi.encode(u), (MeedSettlement.Undo));
            if (i == 0) wrong.epoch += 1;
            if (i == 1) wrong.stateRoot += 1;
            if (i == 2) wrong.accrued += 1;
            if (i == 3) wrong.fees += 1;
            if (i == 4) wrong.policyHash += 1;
            if (i == 5) wrong.registryRoot += 1;
            if (i == 6) wrong.scoresRoot += 1;
            vm.expectRevert(MeedSettlement.WrongUndo.selector);
            retract(wrong);
        }
        retract(u);
        // Once only.
        vm.expectRevert(MeedSettlement.WrongUndo.selector);
        retract(u);
    }

    function test_the_first_epoch_can_be_retracted() external {
        fund(9);
        commit(9);
        MeedSettlement.Undo memory u = undo();
        settle(job(list(0)));
        pause();
        retract(u);
        vm.assertEq(net.epoch(), 0);
        vm.assertEq(net.stateRoot(), net.EMPTY_STATE_ROOT());
        vm.assertEq(net.locked(), 9);
    }
}
