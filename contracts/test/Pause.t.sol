// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {MeedClaims} from "../src/MeedClaims.sol";
import {MeedPause} from "../src/MeedPause.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract PauseTest is Base {
    uint256 private constant PAUSE = 14 days;

    function pause() private {
        vm.prank(GUARDIAN);
        net.pause();
    }

    function unpause() private {
        vm.prank(GUARDIAN);
        net.unpause();
    }

    // Roles.

    function test_only_the_owner_names_roles() external {
        address[4] memory others = [OPERATOR, GUARDIAN, STRANGER, TREASURY];
        for (uint256 i; i < 4; ++i) {
            vm.startPrank(others[i]);
            bytes memory expected =
                abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, others[i]);
            vm.expectRevert(expected);
            net.setOperator(STRANGER);
            vm.expectRevert(expected);
            net.setGuardian(STRANGER);
            vm.expectRevert(expected);
            net.transferOwnership(STRANGER);
            vm.stopPrank();
        }
    }

    function test_roles_change() external {
        vm.startPrank(OWNER);
        vm.expectEmit(address(net));
        emit MeedPause.OperatorSet(STRANGER);
        net.setOperator(STRANGER);
        vm.expectEmit(address(net));
        emit MeedPause.GuardianSet(PAYER);
        net.setGuardian(PAYER);
        vm.stopPrank();
        vm.assertEq(net.operator(), STRANGER);
        vm.assertEq(net.guardian(), PAYER);
        vm.prank(OPERATOR);
        vm.expectRevert(MeedPause.OnlyOperator.selector);
        net.commit(1, 1, 2, 3, 0);
        vm.prank(GUARDIAN);
        vm.expectRevert(MeedPause.OnlyGuardian.selector);
        net.pause();
        vm.prank(STRANGER);
        net.commit(1, 1, 2, 3, 0);
        vm.prank(PAYER);
        net.pause();
    }

    function test_ownership_moves_in_two_steps() external {
        vm.prank(OWNER);
        net.transferOwnership(STRANGER);
        vm.assertEq(net.owner(), OWNER);
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, PAYER));
        net.acceptOwnership();
        vm.prank(STRANGER);
        net.acceptOwnership();
        vm.assertEq(net.owner(), STRANGER);
    }

    function test_only_the_guardian_brakes() external {
        address[4] memory others = [OWNER, OPERATOR, STRANGER, TREASURY];
        MeedSettlement.Undo memory nothing;
        for (uint256 i; i < 4; ++i) {
            vm.startPrank(others[i]);
            vm.expectRevert(MeedPause.OnlyGuardian.selector);
            net.pause();
            vm.expectRevert(MeedPause.OnlyGuardian.selector);
            net.unpause();
            vm.expectRevert(MeedPause.OnlyGuardian.selector);
            net.retract(nothing);
            vm.expectRevert(MeedPause.OnlyGuardian.selector);
            net.retireCircuit(CIRCUIT);
            vm.stopPrank();
        }
    }

    // Pauses.

    function test_a_pause_begins_and_ends() external {
        vm.assertFalse(net.paused());
        vm.prank(GUARDIAN);
        vm.expectRevert(MeedPause.NotPaused.selector);
        net.unpause();
        uint256 until = vm.getBlockTimestamp() + PAUSE;
        vm.expectEmit(address(net));
        emit MeedPause.PausedUntil(until);
        pause();
        vm.assertTrue(net.paused());
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(MeedPause.Paused.selector, until));
        net.pause();
        vm.expectEmit(address(net));
        emit MeedPause.Unpaused();
        unpause();
        vm.assertFalse(net.paused());
        vm.prank(GUARDIAN);
        vm.expectRevert(MeedPause.NotPaused.selector);
        net.unpause();
    }

    function test_a_pause_ends_by_itself() external {
        pause();
        pass(PAUSE - 1);
        vm.assertTrue(net.paused());
        pass(1);
        vm.assertFalse(net.paused());
        vm.prank(GUARDIAN);
        vm.expectRevert(MeedPause.NotPaused.selector);
        net.unpause();
    }

    function test_the_next_pause_waits() external {
        pause();
        pass(3 days);
        unpause();
        uint256 from = vm.getBlockTimestamp() + PAUSE;
        for (uint256 k; k < 2; ++k) {
            vm.prank(GUARDIAN);
            vm.expectRevert(abi.encodeWithSelector(MeedPause.PauseTooSoon.selector, from));
            net.pause();
            pass(k == 0 ? PAUSE - 1 : 1);
        }
        pause();
        pass(PAUSE);
        from = vm.getBlockTimestamp() + PAUSE;
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(MeedPause.PauseTooSoon.selector, from));
        net.pause();
        pass(PAUSE);
        pause();
    }

    function test_a_pause_stops_what_moves_money_in_or_on() external {
        uint256[] memory payouts = list(3);
        fund(total(payouts));
        commit(total(payouts));
        Job memory j = job(payouts);
        pause();
        bytes memory expected =
            abi.encodeWithSelector(MeedPause.Paused.selector, vm.getBlockTimestamp() + PAUSE);
        vm.expectRevert(expected);
        net.deposit(1, "");
        vm.prank(OPERATOR);
        vm.expectRevert(expected);
        net.commit(1, 1, 2, 3, 0);
        vm.expectRevert(expected);
        settle(j);
        vm.expectRevert(expected);
        net.settleDense(CIRCUIT, j.proof, j.h, [uint256(1), 2, 3], 4, 5, "");
        unpause();
        settle(j);
    }

    // What has matured can be claimed, whatever happens; what has not waits.

    function claimable(uint256 number) private returns (bool ok) {
        uint256[] memory payouts = list(3);
        uint256 id = vm.snapshotState();
        (ok,) = address(net).call(abi.encodeCall(net.push, (number, payouts)));
        vm.revertToState(id);
    }

    function settled() private {
        uint256[] memory payouts = list(3);
        epoch(total(payouts), payouts);
    }

    function test_a_pause_after_maturity_stops_no_claim() external {
        settled();
        pass(CLAIM_DELAY);
        pause();
        // Same second, nobody claimed before.
        vm.assertTrue(claimable(1));
        pass(PAUSE - 1);
        vm.assertTrue(claimable(1));
    }

    function test_a_pause_before_maturity_holds_claims() external {
        settled();
        pass(CLAIM_DELAY - 1);
        pause();
        pass(1);
        vm.assertFalse(claimable(1));
        pass(PAUSE - 2);
        vm.assertFalse(claimable(1));
        pass(1);
        vm.assertTrue(claimable(1));
    }

    function test_the_error_of_a_held_claim() external {
        settled();
        uint256 from = vm.getBlockTimestamp() + CLAIM_DELAY;
        pause();
        pass(2 * CLAIM_DELAY);
        uint256[] memory payouts = list(3);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.NotMatured.selector, 1, from));
        net.push(1, payouts);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.NotMatured.selector, 1, from));
        net.sweep(1);
    }

    function test_a_short_pause_holds_claims_until_it_ends() external {
        settled();
        pause();
        pass(2 * CLAIM_DELAY);
        vm.assertFalse(claimable(1));
        unpause();
        vm.assertTrue(claimable(1));
    }

    function test_an_ended_pause_shortens_no_delay() external {
        settled();
        pause();
        unpause();
        vm.assertFalse(claimable(1));
        pass(CLAIM_DELAY - 1);
        vm.assertFalse(claimable(1));
        pass(1);
        vm.assertTrue(claimable(1));
    }

    function test_the_next_pause_stops_nothing_that_matured_between() external {
        settled();
        pause();
        pass(2 * CLAIM_DELAY);
        unpause();
        // Claimable since the pause ended, though nobody touched it.
        pass(PAUSE);
        pause();
        vm.assertTrue(claimable(1));
    }

    function test_pauses_in_a_row_hold_an_epoch_for_one_only() external {
        settled();
        pause();
        pass(PAUSE);
        vm.assertTrue(claimable(1));
        settled();
        pass(PAUSE);
        pause();
        // Epoch 2 matured before this pause began.
        vm.assertTrue(claimable(2));
        pass(PAUSE);
        settled();
        pass(PAUSE - CLAIM_DELAY / 2);
        vm.assertTrue(claimable(3));
    }

    function test_epochs_of_both_sides_of_a_pause() external {
        settled();
        pass(CLAIM_DELAY / 2);
        settled();
        pass(CLAIM_DELAY / 2);
        pause();
        vm.assertTrue(claimable(1));
        pass(CLAIM_DELAY);
        vm.assertTrue(claimable(1));
        vm.assertFalse(claimable(2));
        uint256[] memory payouts = list(3);
        net.push(1, payouts);
        vm.assertFalse(claimable(2));
        unpause();
        vm.assertTrue(claimable(2));
    }
}
