// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedCircuits} from "../../src/MeedCircuits.sol";
import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {MeedVerifier} from "../../src/MeedVerifier.sol";
import {PayoutList} from "../../src/PayoutList.sol";
import {DraftBase} from "../Draft.t.sol";
import {Naive} from "../Naive.sol";
import {Trapdoor} from "../Trapdoor.sol";
import {vm} from "../Vm.sol";

/// Attacks on what a settlement says. `tools/mutants.mjs` shows that each succeeds against a twin of the
/// contracts that lacks the check.
///
/// Whoever proves can prove for any point alpha; and where a test says "forged", that a broken circuit or a
/// leaked key would let anyone prove anything: the contract has to contain the harm.
contract ProofAttacks is DraftBase {
    /// Works on every twin, too: what they lack are checks, not the honest path. Some find another point than
    /// the definition says; an honest prover would, too.
    function test_honest() external {
        uint256[] memory payouts = list(3);
        honest(payouts);
        honest(payouts);
        pass(CLAIM_DELAY);
        for (uint256 i; i < 3; ++i) {
            claim(1, payouts, i);
        }
        net.push(2, payouts);
        vm.assertEq(net.unclaimed(1), 0);
        vm.assertEq(net.unclaimed(2), 0);
        vm.assertEq(booked(), funds(address(net)));
    }

    function honest(uint256[] memory payouts) private {
        fund(total(payouts) + 9);
        commit(total(payouts) + 9);
        Job memory j = job(payouts);
        try net.settle{gas: 20_000_000}(CIRCUIT, j.proof, j.h, words(j)) {}
        catch {
            signAt(j, alphaOf(net, j));
            send(j);
        }
    }

    function ready(uint256[] memory payouts) private returns (Job memory) {
        fund(total(payouts));
        commit(total(payouts));
        return job(payouts);
    }

    /// With bounded gas: a bad proof burns what it gets.
    function send(Job memory j) private {
        net.settle{gas: 20_000_000}(CIRCUIT, j.proof, j.h, words(j));
    }

    function signAt(Job memory j, uint256 alpha) private view {
        j.proof = Trapdoor.prove(j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha));
    }

    /// The point that the contract itself finds for the list: it says so when a draft was made at another.
    function alphaOf(MeedSettlement at_, Job memory j) private returns (uint256 alpha) {
        at_.addPart("probe", j.h, 0, headerHash(j), 0, j.payouts);
        try at_.settleDraft(
            CIRCUIT, j.proof, j.h, 0, "probe", j.header, Naive.groupRoots(j.payouts)
        ) {
            revert("a draft at 0 was settled");
        } catch (bytes memory reason) {
            assembly ("memory-safe") {
                alpha := mload(add(reason, 0x24))
            }
        }
    }

    function test_attack_h_plus_r() external {
        Job memory j = ready(list(3));
        j.h += R;
        sign(j);
        vm.expectRevert(MeedVerifier.InputNotCanonical.selector);
        send(j);
    }

    function test_attack_alpha_plus_r() external {
        uint256[8] memory proof = Trapdoor.prove(1, 2, 3);
        vm.expectRevert(MeedVerifier.InputNotCanonical.selector);
        verifier.verify(proof, [uint256(1), 2 + R, 3]);
    }

    function test_attack_y_plus_r() external {
        uint256[8] memory proof = Trapdoor.prove(1, 2, 3);
        vm.expectRevert(MeedVerifier.InputNotCanonical.selector);
        verifier.verify(proof, [uint256(1), 2, 3 + R]);
    }

    function test_attack_word_plus_r() external {
        uint256[] memory payouts = list(3);
        uint256 fees = total(payouts) + (1 << 94);
        fund(fees);
        commit(fees);
        Job memory j = job(payouts);
        j.payouts[1] += R;
        // The amounts add up, so that only the word's range is left.
        j.header[8] = total(j.payouts);
        j.header[9] = (fees - j.header[8]) * UNIT;
        sign(j);
        vm.expectRevert(PayoutList.WordOutOfRange.selector);
        send(j);
    }

    function test_attack_state_plus_r() external {
        Job memory j = ready(list(3));
        j.header[6] += R;
        sign(j);
        vm.expectRevert(MeedSettlement.RootNotCanonical.selector);
        send(j);
    }

    function test_attack_swapped_payees() external {
        Job memory j = ready(list(3));
        (address a, uint256 x) = unpack(j.payouts[0]);
        (address b, uint256 y) = unpack(j.payouts[1]);
        (j.payouts[0], j.payouts[1]) = (pack(b, x), pack(a, y));
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        send(j);
    }

    function test_attack_changed_amount() external {
        // One gets more, another less: the sum stays.
        Job memory j = ready(list(3));
        j.payouts[0] += 5;
        j.payouts[1] -= 5;
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        send(j);
    }

    /// Two words change so that the value at a known point stays: with a + b alpha = 0 and a, b short, account
    /// 0 moves by a and account 1 by b. That the point depends on the list is what stands against it.
    function relation(uint256 alpha) private pure returns (uint256 a, uint256 b, bool negative) {
        (uint256 r0, uint256 r1) = (R, alpha);
        (uint256 t0, uint256 t1) = (0, 1);
        negative = true;
        while (r1 >> 127 != 0) {
            uint256 q = r0 / r1;
            (r0, r1) = (r1, r0 - q * r1);
            (t0, t1) = (t1, t0 + q * t1);
            negative = !negative;
        }
        return (r1, t1, negative);
    }

    function redirected(uint256 n) private {
        Job memory j = ready(list(n));
        uint256 alpha = alphaOf(net, j);
        signAt(j, alpha);
        uint256 value = Naive.evaluate(j.header, j.payouts, alpha);
        (uint256 a, uint256 b, bool negative) = relation(alpha);
        vm.assertEq(b >> 130, 0);
        j.payouts[0] += a << 93;
        j.payouts[1] = negative ? j.payouts[1] - (b << 93) : j.payouts[1] + (b << 93);
        vm.assertEq(Naive.evaluate(j.header, j.payouts, alpha), value, "the attack itself is wrong");
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        send(j);
    }

    function test_attack_list_that_fits_a_known_point() external {
        redirected(2);
    }

    function test_attack_first_group_that_fits_a_known_point() external {
        redirected(1026);
    }

    function test_attack_padded_list() external {
        // Zeros change no value: whoever proves can prove for the padded list's point.
        uint256[] memory payouts = list(3);
        Job memory j = ready(payouts);
        uint256[] memory padded = new uint256[](5);
        for (uint256 i; i < 3; ++i) {
            padded[i] = payouts[i];
        }
        j.payouts = padded;
        sign(j);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongCount.selector, 3, 5));
        send(j);
    }

    function test_attack_truncated_list() external {
        uint256[] memory payouts = list(3);
        Job memory j = ready(payouts);
        j.payouts = list(3);
        uint256[] memory shorter = new uint256[](2);
        (shorter[0], shorter[1]) = (payouts[0], payouts[1]);
        j.payouts = shorter;
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongCount.selector, 3, 2));
        send(j);
    }

    /// An epoch that leaves the state as it was, settled a second time: only its number tells it apart.
    function test_attack_replay_in_another_epoch() external {
        Job memory j = still();
        send(j);
        fund(j.header[7]);
        vm.prank(OPERATOR);
        net.commit(2, j.header[2], j.header[3], j.header[4], j.header[7]);
        nextBlock();
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongWord.selector, 1, 2, 1));
        send(j);
    }

    /// An epoch that pays all and changes no state.
    function still() private returns (Job memory j) {
        j = ready(list(2));
        j.header[6] = j.header[5];
        sign(j);
    }

    function test_attack_replay_on_another_contract() external {
        MeedSettlement first = net;
        Job memory j = ready(list(2));
        signAt(j, alphaOf(first, j));
        // A second network with the same epoch.
        net = deploy(token);
        fund(j.header[7]);
        commit(j.header[7]);
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        send(j);
        net = first;
        send(j);
    }

    function test_attack_replay_on_another_chain() external {
        Job memory j = ready(list(2));
        signAt(j, alphaOf(net, j));
        uint256 id = vm.snapshotState();
        // A fork of the chain, with everything on it.
        vm.chainId(1);
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        send(j);
        vm.revertToState(id);
        vm.chainId(31337);
        send(j);
    }

    function test_attack_rerandomised_proof() external {
        Job memory j = ready(list(3));
        Job memory other = j;
        other.proof = Trapdoor.rerandomise(j.proof);
        uint256 id = vm.snapshotState();
        send(j);
        bytes32 first = keccak256(abi.encode(net.epoch(), net.stateRoot(), net.unclaimed(1)));
        vm.revertToState(id);
        send(other);
        bytes32 second = keccak256(abi.encode(net.epoch(), net.stateRoot(), net.unclaimed(1)));
        vm.assertEq(first, second);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 2));
        send(j);
        vm.assertEq(net.epoch(), 1);
    }

    function test_attack_settling_without_a_new_commitment() external {
        epoch(9, list(0));
        Job memory j = job(list(0));
        // The scores of epoch 1 once more.
        j.header[4] = scoresOf(1);
        sign(j);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 2));
        send(j);
    }

    function test_attack_scores_changed_after_the_commitment() external {
        Job memory j = ready(list(3));
        for (uint256 i = 2; i < 5; ++i) {
            uint256 good = j.header[i];
            j.header[i] = 77;
            sign(j);
            vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
            send(j);
            j.header[i] = good;
        }
    }

    function test_attack_settling_in_the_commitments_block() external {
        fund(9);
        vm.prank(OPERATOR);
        net.commit(1, policyOf(1), registryOf(1), scoresOf(1), 9);
        Job memory j = job(list(0));
        vm.expectRevert(MeedSettlement.CommittedInThisBlock.selector);
        send(j);
    }

    function test_attack_commitment_replaced_when_the_scores_displease() external {
        fund(9);
        commit(9);
        pass(7 days - 1);
        vm.prank(OPERATOR);
        vm.expectPartialRevert(MeedSettlement.AlreadyCommitted.selector);
        net.commit(1, 1, 2, 3, 9);
    }

    function test_attack_stale_state() external {
        // What waited in epoch 1 would be forgotten.
        epoch(9, list(0));
        fund(4);
        commit(4);
        Job memory j = job(list(0));
        j.header[5] = net.EMPTY_STATE_ROOT();
        sign(j);
        vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
        send(j);
    }

    function test_attack_another_version() external {
        Job memory j = ready(list(3));
        j.header[0] = 2;
        sign(j);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongWord.selector, 0, 1, 2));
        send(j);
    }

    function test_attack_other_fees() external {
        Job memory j = ready(list(3));
        j.header[7] += 5;
        sign(j);
        vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
        send(j);
    }

    function test_attack_forged_release_of_others_money() external {
        // Epoch 1 is not claimed yet. A forged epoch 2 without fees pays it out once more.
        uint256[] memory payouts = list(3);
        epoch(total(payouts), payouts);
        commit(0);
        Job memory j = job(list(0));
        j.payouts = payouts;
        (j.header[8], j.header[9], j.header[10]) = (total(payouts), 0, 3);
        sign(j);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.NotConserved.selector, total(payouts) * UNIT, 0)
        );
        send(j);
    }

    function test_attack_forged_payouts_above_the_release() external {
        uint256[] memory payouts = list(3);
        epoch(total(payouts), payouts);
        commit(0);
        Job memory j = job(list(0));
        j.payouts = payouts;
        j.header[10] = 3;
        sign(j);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.WrongTotal.selector, 0, total(payouts))
        );
        send(j);
    }

    function test_attack_circuit_swapped() external {
        MeedVerifier other = deployVerifier(Trapdoor.keyOf(3));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitTaken.selector, CIRCUIT));
        net.addCircuit(CIRCUIT, other);
    }

    function test_attack_retired_circuit() external {
        Job memory j = ready(list(3));
        vm.prank(GUARDIAN);
        net.retireCircuit(CIRCUIT);
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitInactive.selector, CIRCUIT));
        send(j);
    }

    function test_attack_circuit_without_notice() external {
        // A stolen owner's key: a verifier of its own, used at once.
        Job memory j = ready(list(3));
        vm.prank(OWNER);
        net.addCircuit(2, verifier);
        pass(TIMELOCK - 1);
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitInactive.selector, 2));
        net.settle{gas: 20_000_000}(2, j.proof, j.h, words(j));
    }

    function test_attack_key_that_anyone_can_forge_under() external {
        vm.chainId(1);
        vm.prank(OWNER);
        vm.expectPartialRevert(MeedCircuits.VerifierRefused.selector);
        net.addCircuit(2, verifier);
    }

    function test_attack_degenerate_key() external {
        // delta = gamma: C = -inputs is a proof of everything.
        uint256[22] memory key = Trapdoor.key();
        for (uint256 i; i < 4; ++i) {
            key[10 + i] = key[6 + i];
        }
        vm.expectRevert(MeedVerifier.KeyDegenerate.selector);
        this.make(key);
    }

    function make(uint256[22] calldata key) external {
        deployVerifier(key);
    }

    function test_attack_front_run_settlement() external {
        // Whoever sends it, it is the same settlement: nobody can hinder it by sending it first.
        Job memory j = ready(list(3));
        vm.prank(STRANGER);
        send(j);
        vm.assertEq(net.unclaimed(1), total(j.payouts));
        pass(CLAIM_DELAY);
        net.push(1, j.payouts);
        vm.assertEq(funds(STRANGER), 0);
    }
}
