// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Check} from "../../src/Halo2Check.sol";
import {MeedCircuits} from "../../src/MeedCircuits.sol";
import {MeedHalo2Verifier} from "../../src/MeedHalo2Verifier.sol";
import {Halo2Base} from "../Halo2Base.sol";
import {Halo2Simulator} from "../Halo2Simulator.sol";
import {vm} from "../Vm.sol";

/// Attacks on proofs and facts of the halo2 circuit. Whoever proves can choose everything but what the challenges
/// are: the simulator stands for a prover that wants to get something past the check.
contract Halo2Attacks is Halo2Base {
    Halo2Simulator private simulator;

    function setUp() public override {
        super.setUp();
        simulator = new Halo2Simulator();
        net = networkOf(halo2);
    }

    function proved(bytes memory open, uint256[3] memory x) private view returns (bytes memory) {
        return simulator.close(halo2.image(), open, x);
    }

    function ready(uint256[] memory payouts) private returns (Job memory) {
        fund(total(payouts));
        commit(total(payouts));
        return job(payouts);
    }

    /// Works on every twin, too.
    function test_honest_halo2() external {
        halo2.check(proof, inputs);
        halo2.prove(proof, inputs);
        uint256[] memory payouts = list(3);
        Job memory j = ready(payouts);
        uint256[3] memory x = inputsOf(j);
        halo2.prove(proved(simulator.proof(1), x), x);
        settleHalo2(j);
        vm.assertEq(net.unclaimed(1), total(payouts));
    }

    function plusR(uint256 i) private {
        uint256[3] memory x = inputs;
        x[i] += R;
        bytes memory made = proved(simulator.proof(2), x);
        vm.expectRevert(Halo2Check.InputNotCanonical.selector);
        halo2.prove{gas: CHECK_GAS}(made, x);
    }

    function test_attack_halo2_h_plus_r() external {
        plusR(0);
    }

    function test_attack_halo2_alpha_plus_r() external {
        plusR(1);
    }

    function test_attack_halo2_y_plus_r() external {
        plusR(2);
    }

    function test_attack_halo2_scalar_plus_r() external {
        for (uint256 i = FIRST_SCALAR; i < AFTER_SCALARS; ++i) {
            bytes memory open = simulator.proof(3);
            bytes memory made = proved(withWord(open, i, wordOf(open, i) + R), inputs);
            try halo2.check{gas: CHECK_GAS}(made, inputs) {
                vm.assertTrue(false, string.concat("another way to write word ", vm.toString(i)));
            } catch {}
        }
    }

    function identityAt(uint256 i) private {
        bytes memory open = withWord(withWord(simulator.proof(4), i, 0), i + 1, 0);
        bytes memory made = proved(open, inputs);
        vm.expectRevert(Halo2Check.ProofInvalid.selector);
        halo2.check{gas: CHECK_GAS}(made, inputs);
    }

    function test_attack_halo2_identity_even() external {
        for (uint256 i; i < FIRST_SCALAR; i += 4) {
            identityAt(i);
        }
    }

    function test_attack_halo2_identity_odd() external {
        for (uint256 i = 2; i < FIRST_SCALAR; i += 4) {
            identityAt(i);
        }
    }

    function test_attack_halo2_identity_h1() external {
        identityAt(AFTER_SCALARS);
    }

    function test_attack_halo2_garbage() external {
        // On the curve, reduced, and about nothing.
        bytes memory garbage = simulator.proof(5);
        vm.expectRevert(Halo2Check.ProofInvalid.selector);
        halo2.prove{gas: CHECK_GAS}(garbage, inputs);
    }

    function test_attack_halo2_trailing_bytes() external {
        bytes memory longer = bytes.concat(proof, hex"00");
        vm.expectRevert(abi.encodeWithSelector(Halo2Check.ProofLength.selector, 4064, 4065));
        halo2.check{gas: CHECK_GAS}(longer, inputs);
    }

    function test_attack_halo2_settlement_without_a_proof() external {
        Job memory j = ready(list(3));
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        settleHalo2(j);
    }

    function test_attack_halo2_fact_of_another_list() external {
        Job memory j = ready(list(3));
        uint256[3] memory x = inputsOf(j);
        halo2.prove(proved(simulator.proof(6), x), x);
        (j.payouts[0], j.payouts[1]) = (j.payouts[1], j.payouts[0]);
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        settleHalo2(j);
    }

    function test_attack_halo2_fact_of_another_value() external {
        halo2.prove(proof, inputs);
        uint256[3] memory x = inputs;
        x[2] = addmod(x[2], 1, R);
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        halo2.verify([uint256(0), 0, 0, 0, 0, 0, 0, 0], x);
    }

    function test_attack_halo2_other_words() external {
        halo2.prove(proof, inputs);
        vm.expectRevert(abi.encodeWithSelector(MeedHalo2Verifier.ProofWordNotZero.selector, 7));
        halo2.verify([uint256(0), 0, 0, 0, 0, 0, 0, 1], inputs);
    }

    function test_attack_halo2_key_that_anyone_can_forge_under() external {
        vm.chainId(1);
        vm.prank(OWNER);
        vm.expectPartialRevert(MeedCircuits.VerifierRefused.selector);
        net.addCircuit(2, halo2);
    }

    // Keys.

    function make(uint256[47] calldata key) external {
        deployHalo2(key);
    }

    /// With enough gas to go on after a precompile that burned what it got.
    function refusedKey(uint256[47] memory key, bytes4 expected) private {
        vm.expectPartialRevert(expected);
        this.make{gas: 2_000_000_000}(key);
    }

    function test_attack_halo2_tau_of_one() external {
        uint256[47] memory key = realKey();
        key[43] = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
        key[44] = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
        key[45] = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
        key[46] = 8495653923123431417604973247489272438418190587263600148770280649306958101930;
        refusedKey(key, MeedHalo2Verifier.KeyDegenerate.selector);
    }

    function test_attack_halo2_tau_of_zero() external {
        uint256[47] memory key = realKey();
        (key[43], key[44], key[45], key[46]) = (0, 0, 0, 0);
        refusedKey(key, MeedHalo2Verifier.KeyPointInvalid.selector);
    }

    function test_attack_halo2_tau_outside_the_subgroup() external {
        uint256[47] memory key = realKey();
        (key[43], key[44]) = (0, 1);
        key[45] = 5912654199736721486680175016176231956195085055698687135131307249486702594212;
        key[46] = 18278151005453108793778860132295291098363647455926340152056652516292830556603;
        refusedKey(key, MeedHalo2Verifier.KeyPointInvalid.selector);
    }

    function test_attack_halo2_key_point_off_the_curve() external {
        uint256[47] memory key = realKey();
        key[3] = addmod(key[3], 1, PRIME);
        refusedKey(key, MeedHalo2Verifier.KeyPointInvalid.selector);
    }

    function test_attack_halo2_key_point_twice() external {
        // The same point with another id.
        uint256[47] memory key = realKey();
        key[3] += PRIME;
        refusedKey(key, MeedHalo2Verifier.KeyPointInvalid.selector);
        key = realKey();
        key[4] += PRIME;
        refusedKey(key, MeedHalo2Verifier.KeyPointInvalid.selector);
    }

    function test_attack_halo2_key_name_plus_r() external {
        uint256[47] memory key = realKey();
        key[2] += R;
        refusedKey(key, MeedHalo2Verifier.KeyNotCanonical.selector);
    }

    function test_attack_halo2_key_of_another_version() external {
        uint256[47] memory key = realKey();
        key[0] = 2;
        refusedKey(key, MeedHalo2Verifier.KeyVersion.selector);
    }

    /// The same contract, made by another constructor, with the constants of another key.
    function test_attack_halo2_other_constants() external {
        uint256[47] memory key = realKey();
        key[1] = 12;
        vm.etch(halo2.image(), deployHalo2(key).image().code);
        bytes memory made = proved(simulator.proof(3), inputs);
        vm.expectRevert(MeedHalo2Verifier.ImageNotCreated.selector);
        halo2.prove{gas: CHECK_GAS}(made, inputs);
    }

    function test_attack_halo2_key_without_rows() external {
        // 2^28 rows and more: omega is not what it should be.
        uint256[47] memory key = realKey();
        key[1] = 29;
        refusedKey(key, MeedHalo2Verifier.KeySize.selector);
        key[1] = 0;
        refusedKey(key, MeedHalo2Verifier.KeySize.selector);
    }
}
