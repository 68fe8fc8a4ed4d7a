// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedCircuits} from "../src/MeedCircuits.sol";
import {MeedClaims} from "../src/MeedClaims.sol";
import {MeedMoney} from "../src/MeedMoney.sol";
import {MeedPause} from "../src/MeedPause.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {MeedVerifier} from "../src/MeedVerifier.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IMeedVerifier} from "../src/IMeedVerifier.sol";
import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

contract SettlementTest is Base {
    // The constructor.

    function test_a_new_network_is_empty() external view {
        vm.assertEq(net.stateRoot(), net.EMPTY_STATE_ROOT());
        vm.assertEq(net.UNIT(), 10_000 * 2 ** 40);
        vm.assertEq(net.VERSION(), 1);
        vm.assertEq(net.epoch(), 0);
        vm.assertEq(booked(), 0);
        vm.assertEq(net.commitment(), 0);
        vm.assertEq(net.owner(), OWNER);
        vm.assertEq(net.operator(), OPERATOR);
        vm.assertEq(net.guardian(), GUARDIAN);
        vm.assertEq(net.treasury(), TREASURY);
        vm.assertEq(net.claimDelay(), CLAIM_DELAY);
        vm.assertEq(net.sweepDelay(), SWEEP_DELAY);
        vm.assertEq(net.timelock(), TIMELOCK);
        vm.assertEq(address(net.token()), address(token));
        (IMeedVerifier found, uint64 from, bool retired) = net.circuits(CIRCUIT);
        vm.assertEq(address(found), address(verifier));
        vm.assertEq(from, vm.getBlockTimestamp());
        vm.assertFalse(retired);
    }

    function make(MeedSettlement.Setup memory s, uint256[] memory n, IMeedVerifier[] memory v)
        external
        returns (MeedSettlement)
    {
        return deployWith(s, n, v);
    }

    function refused(MeedSettlement.Setup memory s, bytes memory expected) private {
        vm.expectRevert(expected);
        this.make(s, new uint256[](0), new IMeedVerifier[](0));
    }

    function test_bad_set_ups_are_refused() external {
        MeedSettlement.Setup memory s = setup(token);
        s.owner = address(0);
        refused(s, abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        s = setup(token);
        s.treasury = address(0);
        refused(s, abi.encodeWithSelector(MeedClaims.NoTreasury.selector));
        s = setup(token);
        s.sweepDelay = 365 days - 1;
        refused(s, abi.encodeWithSelector(MeedClaims.SweepDelayTooShort.selector, 365 days));
        s = setup(token);
        s.claimDelay = 30 days + 1;
        refused(s, abi.encodeWithSelector(MeedClaims.DelayTooLong.selector, 30 days));
        s = setup(token);
        s.timelock = 2 days - 1;
        refused(s, abi.encodeWithSelector(MeedCircuits.TimelockTooShort.selector, 2 days));
    }

    function test_set_ups_on_the_edge_are_taken() external {
        MeedSettlement.Setup memory s = setup(token);
        (s.sweepDelay, s.claimDelay, s.timelock) = (365 days, 30 days, 2 days);
        this.make(s, new uint256[](0), new IMeedVerifier[](0));
        s.claimDelay = 0;
        this.make(s, new uint256[](0), new IMeedVerifier[](0));
    }

    // Deposits.

    function test_a_deposit_goes_to_the_pot() external {
        token.mint(PAYER, 100);
        vm.startPrank(PAYER);
        token.approve(address(net), 100);
        vm.expectEmit(address(net));
        emit MeedSettlement.Deposited(PAYER, "memo", 30);
        net.deposit(30, "memo");
        vm.assertEq(net.pot(), 30);
        net.deposit(70, "more");
        vm.assertEq(net.pot(), 100);
        vm.assertEq(funds(address(net)), 100);
        vm.expectRevert(MeedSettlement.NothingArrived.selector);
        net.deposit(0, "");
    }

    function test_a_token_network_takes_no_coin() external {
        token.mint(PAYER, 100);
        vm.deal(PAYER, 1);
        vm.startPrank(PAYER);
        token.approve(address(net), 100);
        vm.expectRevert(abi.encodeWithSelector(MeedMoney.WrongValue.selector, 0, 1));
        net.deposit{value: 1}(100, "");
        (bool ok,) = address(net).call{value: 1}("");
        vm.assertFalse(ok, "coin without a call");
    }

    function test_a_coin_network_takes_just_what_is_said() external {
        net = deploy(IERC20(address(0)));
        vm.deal(PAYER, 100);
        vm.startPrank(PAYER);
        for (uint256 value; value < 20; value += 2) {
            vm.expectRevert(abi.encodeWithSelector(MeedMoney.WrongValue.selector, 11, value));
            net.deposit{value: value}(11, "");
        }
        vm.expectEmit(address(net));
        emit MeedSettlement.Deposited(PAYER, "memo", 11);
        net.deposit{value: 11}(11, "memo");
        vm.assertEq(net.pot(), 11);
        vm.expectRevert(MeedSettlement.NothingArrived.selector);
        net.deposit(0, "");
        (bool ok,) = address(net).call{value: 1}("");
        vm.assertFalse(ok, "coin without a call is in no book");
    }

    // Commitments.

    function commitAs(address who, uint256 next, uint256[3] memory roots, uint256 fees) private {
        vm.prank(who);
        net.commit(next, roots[0], roots[1], roots[2], fees);
    }

    function test_a_commitment_locks_the_fees() external {
        fund(100);
        vm.expectEmit(address(net));
        emit MeedSettlement.Committed(1, 5, 6, 7, 60, false);
        commitAs(OPERATOR, 1, [uint256(5), 6, 7], 60);
        vm.assertEq(net.pot(), 40);
        vm.assertEq(net.locked(), 60);
        vm.assertEq(net.commitment(), keccak256(abi.encode(5, 6, 7)));
        vm.assertEq(net.committedBlock(), vm.getBlockNumber());
        vm.assertEq(net.committedTime(), vm.getBlockTimestamp());
    }

    function test_only_the_operator_commits() external {
        address[4] memory others = [OWNER, GUARDIAN, STRANGER, TREASURY];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(MeedPause.OnlyOperator.selector);
            commitAs(others[i], 1, [uint256(5), 6, 7], 0);
        }
    }

    function test_a_commitment_is_for_the_next_epoch() external {
        uint8[3] memory wrong = [0, 2, 255];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongEpoch.selector, 1, wrong[i]));
            commitAs(OPERATOR, wrong[i], [uint256(5), 6, 7], 0);
        }
        epoch(10, list(0));
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongEpoch.selector, 2, 1));
        commitAs(OPERATOR, 1, [uint256(5), 6, 7], 0);
    }

    function test_committed_roots_are_canonical() external {
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory roots = [uint256(5), 6, 7];
            roots[i] += R;
            vm.expectRevert(MeedSettlement.RootNotCanonical.selector);
            commitAs(OPERATOR, 1, roots, 0);
            roots[i] = R;
            vm.expectRevert(MeedSettlement.RootNotCanonical.selector);
            commitAs(OPERATOR, 1, roots, 0);
        }
        commitAs(OPERATOR, 1, [R - 1, R - 1, R - 1], 0);
    }

    function test_fees_come_out_of_the_pot() external {
        fund(100);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.PotTooSmall.selector, 101, 100));
        commitAs(OPERATOR, 1, [uint256(5), 6, 7], 101);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.PotTooSmall.selector, type(uint256).max, 100)
        );
        commitAs(OPERATOR, 1, [uint256(5), 6, 7], type(uint256).max);
    }

    function test_only_time_makes_a_commitment_replaceable() external {
        fund(100);
        commitAs(OPERATOR, 1, [uint256(5), 6, 7], 60);
        uint256 from = vm.getBlockTimestamp() + 7 days;
        pass(7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.AlreadyCommitted.selector, 1, from));
        commitAs(OPERATOR, 1, [uint256(8), 9, 10], 60);
        pass(1);
        // 60 come back before the new fees are taken: 100 are there.
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.PotTooSmall.selector, 101, 100));
        commitAs(OPERATOR, 1, [uint256(8), 9, 10], 101);
        vm.expectEmit(address(net));
        emit MeedSettlement.Committed(1, 8, 9, 10, 100, true);
        commitAs(OPERATOR, 1, [uint256(8), 9, 10], 100);
        vm.assertEq(net.pot(), 0);
        vm.assertEq(net.locked(), 100);
        // The clock starts anew.
        pass(7 days - 1);
        from = vm.getBlockTimestamp() + 1;
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.AlreadyCommitted.selector, 1, from));
        commitAs(OPERATOR, 1, [uint256(8), 9, 10], 0);
        pass(1);
        commitAs(OPERATOR, 1, [uint256(8), 9, 10], 0);
        vm.assertEq(net.pot(), 100);
        vm.assertEq(net.locked(), 0);
    }

    // Settlements.

    function test_a_settlement_books_the_epoch() external {
        uint256[] memory payouts = list(5);
        uint256 fees = total(payouts) + 9;
        fund(fees + 4);
        commit(fees);
        Job memory j = job(payouts);
        bytes32 undo_ = keccak256(abi.encode(undo()));
        vm.expectEmit(address(net));
        emit MeedSettlement.Settled(
            1,
            CIRCUIT,
            j.h,
            Naive.listHash(j.header, payouts),
            Naive.claimRoot(payouts),
            5,
            total(payouts),
            stateOf(1),
            9 * UNIT,
            undo_
        );
        vm.prank(STRANGER);
        settle(j);
        vm.assertEq(net.epoch(), 1);
        vm.assertEq(net.stateRoot(), stateOf(1));
        vm.assertEq(net.accrued(), 9);
        vm.assertEq(net.locked(), 0);
        vm.assertEq(net.pot(), 4);
        vm.assertEq(net.commitment(), 0);
        (bytes32 root, uint128 released, uint64 from, uint32 n, bool swept) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(payouts));
        vm.assertEq(released, total(payouts));
        vm.assertEq(from, vm.getBlockTimestamp() + CLAIM_DELAY);
        vm.assertEq(n, 5);
        vm.assertFalse(swept);
        vm.assertEq(net.unclaimed(1), total(payouts));
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_what_waits_is_paid_later() external {
        uint256[] memory payouts = list(3);
        uint256 sum = total(payouts);
        epoch(sum, list(0));
        vm.assertEq(net.accrued(), sum);
        vm.assertEq(net.unclaimed(1), 0);
        // No fees at all: only what waited.
        Job memory j = epoch(0, payouts);
        vm.assertEq(j.header[7], 0);
        vm.assertEq(net.accrued(), 0);
        vm.assertEq(net.unclaimed(2), sum);
        epoch(12, list(0));
        vm.assertEq(net.accrued(), 12);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_an_epoch_that_pays_nobody() external {
        epoch(10, list(0));
        (bytes32 root, uint128 released,, uint32 n,) = net.epochs(1);
        vm.assertEq(root, 0);
        vm.assertEq(released, 0);
        vm.assertEq(n, 0);
        pass(CLAIM_DELAY);
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ClaimInvalid.selector, 1, 0));
        net.claim(1, 0, PAYER, 1, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(MeedClaims.ListInvalid.selector, 1));
        net.push(1, new uint256[](0));
        pass(SWEEP_DELAY);
        vm.expectEmit(address(net));
        emit MeedClaims.EpochSwept(1, 0);
        net.sweep(1);
        vm.assertEq(funds(TREASURY), 0);
    }

    /// Makes the proof fit, so that only the word itself is wrong.
    function wrongWord(uint256 index, uint256 value, bytes memory expected) private {
        Job memory j = job(list(3));
        j.header[index] = value;
        sign(j);
        vm.expectRevert(expected);
        settle(j);
    }

    function test_each_wrong_header_word_has_its_error() external {
        uint256 fees = total(list(3)) + 9;
        fund(fees);
        commit(fees);
        Job memory j = job(list(3));
        uint8[4] memory plain = [0, 1, 5, 7];
        for (uint256 k; k < 4; ++k) {
            uint256 i = plain[k];
            uint256[4] memory bad = [j.header[i] + 1, j.header[i] + R, 0, type(uint256).max];
            for (uint256 b; b < 4; ++b) {
                wrongWord(
                    i,
                    bad[b],
                    abi.encodeWithSelector(
                        MeedSettlement.WrongWord.selector, i, j.header[i], bad[b]
                    )
                );
            }
        }
        bytes32 right = keccak256(abi.encode(j.header[2], j.header[3], j.header[4]));
        vm.assertEq(net.commitment(), right);
        for (uint256 i = 2; i < 5; ++i) {
            uint256[2] memory bad = [j.header[i] ^ 1, j.header[i] + R];
            for (uint256 b; b < 2; ++b) {
                uint256[11] memory header = j.header;
                uint256 good = header[i];
                header[i] = bad[b];
                bytes32 got = keccak256(abi.encode(header[2], header[3], header[4]));
                header[i] = good;
                wrongWord(
                    i,
                    bad[b],
                    abi.encodeWithSelector(MeedSettlement.WrongWord.selector, 2, right, got)
                );
            }
        }
    }

    function test_each_wrong_sum_has_its_error() external {
        uint256 fees = total(list(3)) + 9;
        fund(fees);
        commit(fees);
        Job memory j = job(list(3));
        bytes memory canonical = abi.encodeWithSelector(MeedSettlement.RootNotCanonical.selector);
        wrongWord(6, R, canonical);
        wrongWord(6, j.header[6] + R, canonical);
        wrongWord(6, type(uint256).max, canonical);
        wrongWord(8, 1 << 128, canonical);
        wrongWord(9, 1 << 192, canonical);
        wrongWord(8, type(uint256).max, canonical);
        wrongWord(9, type(uint256).max, canonical);
        uint256 incoming = fees * UNIT;
        bytes4 lost = MeedSettlement.NotConserved.selector;
        wrongWord(8, j.header[8] + 1, abi.encodeWithSelector(lost, incoming + UNIT, incoming));
        wrongWord(8, j.header[8] - 1, abi.encodeWithSelector(lost, incoming - UNIT, incoming));
        wrongWord(9, j.header[9] + 1, abi.encodeWithSelector(lost, incoming + 1, incoming));
        wrongWord(9, j.header[9] - 1, abi.encodeWithSelector(lost, incoming - 1, incoming));
        bytes4 count = MeedSettlement.WrongCount.selector;
        wrongWord(10, 4, abi.encodeWithSelector(count, 4, 3));
        wrongWord(10, 2, abi.encodeWithSelector(count, 2, 3));
        wrongWord(10, 3 + R, abi.encodeWithSelector(count, 3 + R, 3));
        // Conserved, but not what the payouts add up to.
        uint256 released = j.header[8];
        j.header[8] += 2;
        j.header[9] -= 2 * UNIT;
        sign(j);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.WrongTotal.selector, released + 2, released)
        );
        settle(j);
    }

    function test_too_few_words_have_their_error() external {
        fund(9);
        commit(9);
        Job memory j = job(list(0));
        for (uint256 n; n < 11; ++n) {
            vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongCount.selector, 11, n));
            net.settle(CIRCUIT, j.proof, j.h, new uint256[](n));
        }
        settle(j);
    }

    function test_settling_needs_a_commitment_of_an_earlier_block() external {
        Job memory j = job(list(0));
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 1));
        settle(j);
        vm.prank(OPERATOR);
        net.commit(1, j.header[2], j.header[3], j.header[4], 0);
        vm.expectRevert(MeedSettlement.CommittedInThisBlock.selector);
        settle(j);
        nextBlock();
        settle(j);
        nextBlock();
        j = job(list(0));
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 2));
        settle(j);
    }

    function test_a_changed_word_breaks_the_proof() external {
        uint256[] memory payouts = list(3);
        fund(total(payouts) + 9);
        commit(total(payouts) + 9);
        Job memory j = job(payouts);
        uint256 good = j.header[6];
        j.header[6] = stateOf(77);
        unproved(j);
        j.header[6] = good;
        j.h += 1;
        unproved(j);
        j.h -= 1;
        j.payouts[1] ^= 1 << 100;
        unproved(j);
        j.payouts[1] ^= 1 << 100;
        settle(j);
    }

    function unproved(Job memory j) private {
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        net.settle{gas: 10_000_000}(CIRCUIT, j.proof, j.h, words(j));
    }

    function test_h_below_the_order() external {
        fund(9);
        commit(9);
        Job memory j = job(list(0));
        j.h += R;
        sign(j);
        vm.expectRevert(MeedVerifier.InputNotCanonical.selector);
        settle(j);
    }

    // Dense settlements.

    function denseOf(uint256[] memory payouts) private pure returns (bytes memory) {
        address[] memory given = new address[](payouts.length);
        for (uint256 i; i < given.length; ++i) {
            (given[i],) = unpack(payouts[i]);
        }
        return Dense.encode(0, 8, new uint256[](0), given, new uint256[](0), payouts);
    }

    function settleDense(Job memory j, bytes memory dense) private {
        uint256[3] memory roots = [j.header[2], j.header[3], j.header[4]];
        net.settleDense{gas: 50_000_000}(
            CIRCUIT, j.proof, j.h, roots, j.header[6], j.header[8], dense
        );
    }

    function test_a_dense_settlement_is_the_same_settlement() external {
        uint256[] memory payouts = list(5);
        uint256 fees = total(payouts) + 9;
        fund(fees);
        commit(fees);
        Job memory j = job(payouts);
        bytes32 undo_ = keccak256(abi.encode(undo()));
        vm.expectEmit(address(net));
        emit MeedSettlement.Settled(
            1,
            CIRCUIT,
            j.h,
            Naive.listHash(j.header, payouts),
            Naive.claimRoot(payouts),
            5,
            total(payouts),
            stateOf(1),
            9 * UNIT,
            undo_
        );
        settleDense(j, denseOf(payouts));
        vm.assertEq(net.accrued(), 9);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_a_dense_settlement_is_checked_alike() external {
        uint256[] memory payouts = list(5);
        uint256 fees = total(payouts) + 9;
        bytes memory dense = denseOf(payouts);
        Job memory j = job(list(0));
        bytes memory nobody = denseOf(list(0));
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 1));
        settleDense(j, nobody);
        fund(fees);
        commit(fees);
        j = job(payouts);
        for (uint256 i = 2; i < 5; ++i) {
            j.header[i] ^= 1;
            vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
            settleDense(j, dense);
            j.header[i] ^= 1;
        }
        j.header[8] = fees + 1;
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.NotConserved.selector, fees + 1, fees)
        );
        settleDense(j, dense);
        j.header[8] = fees;
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongTotal.selector, fees, fees - 9));
        settleDense(j, dense);
        j.header[8] = fees - 9;
        j.header[6] += R;
        vm.expectRevert(MeedSettlement.RootNotCanonical.selector);
        settleDense(j, dense);
        j.header[6] = stateOf(5);
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        settleDense(j, dense);
        j.header[6] = stateOf(1);
        settleDense(j, dense);
    }

    function test_a_dense_epoch_that_pays_nobody() external {
        fund(9);
        commit(9);
        settleDense(job(list(0)), denseOf(list(0)));
        vm.assertEq(net.accrued(), 9);
    }

    function test_fuzz_settles_any_list(uint256 n, uint256 rest) external {
        uint256[] memory payouts = list(n % 40);
        uint256 fees = total(payouts) + rest % 1e20;
        Job memory j = epoch(fees, payouts);
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(payouts));
        vm.assertEq(booked(), fees);
        vm.assertEq(net.accrued() * UNIT, j.header[9]);
    }
}
