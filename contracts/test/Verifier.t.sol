// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedVerifier} from "../src/MeedVerifier.sol";
import {Base} from "./Base.sol";
import {Trapdoor} from "./Trapdoor.sol";
import {vm} from "./Vm.sol";

contract VerifierTest is Base {
    uint256 private constant P =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    // Of G2: the generator's x and y, as EIP-197 lays them out.
    uint256 private constant G2_X1 =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X0 =
        10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 private constant G2_Y1 =
        4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 private constant G2_Y0 =
        8495653923123431417604973247489272438418190587263600148770280649306958101930;
    // A point of the twisted curve that is not in the subgroup of order r: x = 1, y = y0 + y1 i.
    uint256 private constant OUT_Y0 =
        18278151005453108793778860132295291098363647455926340152056652516292830556603;
    uint256 private constant OUT_Y1 =
        5912654199736721486680175016176231956195085055698687135131307249486702594212;

    uint256[3] private inputs = [R - 1, R - 2, R - 3];

    function proofOf(uint256[3] memory x) private view returns (uint256[8] memory) {
        return Trapdoor.prove(x[0], x[1], x[2]);
    }

    function refused(uint256[8] memory proof, uint256[3] memory x, bytes4 expected) private {
        // A precompile that refuses burns the gas it got: of what verify has, 63 parts of 64.
        vm.expectRevert(abi.encodePacked(expected));
        verifier.verify{gas: 1_000_000}(proof, x);
    }

    function test_good_proofs_pass() external view {
        verifier.verify(proofOf(inputs), inputs);
        verifier.verify(proofOf([uint256(0), 0, 0]), [uint256(0), 0, 0]);
        verifier.verify(Trapdoor.rerandomise(proofOf(inputs)), inputs);
    }

    function test_fuzz_good_proofs_pass(uint256 h, uint256 alpha, uint256 y) external view {
        uint256[3] memory x = [h % R, alpha % R, y % R];
        verifier.verify(proofOf(x), x);
    }

    function test_each_changed_word_of_a_proof_is_refused() external {
        uint256[8] memory good = proofOf(inputs);
        for (uint256 i; i < 8; ++i) {
            uint256[8] memory proof = proofOf(inputs);
            proof[i] = addmod(proof[i], 1, P);
            refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
            // The same number modulo p.
            proof[i] = good[i] + P;
            refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
            proof[i] = 0;
            refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        }
    }

    function test_points_in_the_wrong_place_are_refused() external {
        // On the curve, but other points: A and C swapped, A doubled, one point negated, identities.
        uint256[8] memory good = proofOf(inputs);
        uint256[8] memory proof = proofOf(inputs);
        (proof[0], proof[1], proof[6], proof[7]) = (good[6], good[7], good[0], good[1]);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        (proof[0], proof[1]) = Trapdoor.mul(good[0], good[1], 2);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        proof[1] = P - proof[1];
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        proof[7] = P - proof[7];
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        (proof[0], proof[1]) = (0, 0);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        (proof[6], proof[7]) = (0, 0);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        proof = proofOf(inputs);
        (proof[2], proof[3], proof[4], proof[5]) = (0, 0, 0, 0);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
        uint256[8] memory zero;
        refused(zero, inputs, MeedVerifier.ProofInvalid.selector);
    }

    function test_a_point_outside_the_subgroup_is_refused() external {
        uint256[8] memory proof = proofOf(inputs);
        (proof[2], proof[3], proof[4], proof[5]) = (0, 1, OUT_Y1, OUT_Y0);
        refused(proof, inputs, MeedVerifier.ProofInvalid.selector);
    }

    function test_each_changed_input_is_refused() external {
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory x = inputs;
            x[i] = 5;
            refused(proofOf(inputs), x, MeedVerifier.ProofInvalid.selector);
        }
        refused(
            proofOf(inputs), [inputs[1], inputs[0], inputs[2]], MeedVerifier.ProofInvalid.selector
        );
    }

    function test_inputs_out_of_the_field_are_refused() external {
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory x = [uint256(1), 2, 3];
            uint256[8] memory proof = proofOf(x);
            x[i] += R;
            refused(proof, x, MeedVerifier.InputNotCanonical.selector);
            x[i] = R;
            refused(proof, x, MeedVerifier.InputNotCanonical.selector);
            x[i] = type(uint256).max;
            refused(proof, x, MeedVerifier.InputNotCanonical.selector);
        }
    }

    function test_a_caller_that_gives_too_little_gas_gets_a_refusal() external view {
        uint256[8] memory proof = proofOf(inputs);
        for (uint256 gas_ = 10_000; gas_ < 200_000; gas_ += 10_000) {
            (bool ok,) = address(verifier).staticcall{gas: gas_}(
                abi.encodeCall(verifier.verify, (proof, inputs))
            );
            vm.assertFalse(ok, vm.toString(gas_));
        }
    }

    /// Whole transaction: 21,000, the calldata at 4 and 16 gas a byte, and the execution.
    function test_gas_of_a_verification_in_a_transaction() external {
        bytes memory data = abi.encodeCall(verifier.verify, (proofOf(inputs), inputs));
        (bool ok,) = address(verifier).call(data);
        uint256 used = uint256(vm.lastCallGas().gasTotalUsed) + 21_000;
        vm.assertTrue(ok);
        uint256 floor = 21_000;
        for (uint256 i; i < data.length; ++i) {
            used += data[i] == 0 ? 4 : 16;
            floor += data[i] == 0 ? 10 : 40;
        }
        vm.assertEq(data.length, 4 + 11 * 32);
        vm.assertLe(used < floor ? floor : used, 228_000, "gas of a verification");
        vm.assertGe(used, 200_000, "a pairing of four pairs costs 181,000: this measured nothing");
    }

    // The constructor.

    function refusedKey(uint256[22] memory key, uint256 point, string memory what) private {
        refusedKey(key, abi.encodeWithSelector(MeedVerifier.KeyPointInvalid.selector, point), what);
    }

    function refusedKey(uint256[22] memory key, bytes memory expected, string memory what) private {
        try this.make{gas: 200_000_000}(key) {
            vm.assertTrue(false, string.concat("this key was accepted: ", what));
        } catch (bytes memory got) {
            vm.assertEq(got, expected, what);
        }
    }

    function make(uint256[22] calldata key) external returns (MeedVerifier) {
        return deployVerifier(key);
    }

    function position(uint256 word) private pure returns (uint256) {
        uint256[22] memory of_ =
            [uint256(0), 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];
        return of_[word];
    }

    /// First words of alpha, beta, gamma, delta, IC0 to IC3.
    function firstOf(uint256 point) private pure returns (uint256) {
        uint256[8] memory first = [uint256(0), 2, 6, 10, 14, 16, 18, 20];
        return first[point];
    }

    function test_key_coordinates_out_of_range_are_refused() external {
        for (uint256 i; i < 22; ++i) {
            uint256[22] memory key = Trapdoor.key();
            key[i] += P;
            refusedKey(key, position(i), vm.toString(i));
            key[i] = P;
            refusedKey(key, position(i), vm.toString(i));
            key[i] = type(uint256).max;
            refusedKey(key, position(i), vm.toString(i));
        }
    }

    function test_key_points_off_their_curve_are_refused() external {
        for (uint256 i; i < 22; ++i) {
            uint256[22] memory key = Trapdoor.key();
            key[i] = addmod(key[i], 1, P);
            refusedKey(key, position(i), vm.toString(i));
        }
    }

    function test_key_points_outside_the_subgroup_are_refused() external {
        for (uint256 point = 1; point < 4; ++point) {
            uint256[22] memory key = Trapdoor.key();
            uint256 k = firstOf(point);
            (key[k], key[k + 1], key[k + 2], key[k + 3]) = (0, 1, OUT_Y1, OUT_Y0);
            refusedKey(key, point, vm.toString(point));
        }
    }

    function test_identities_in_a_key_are_refused() external {
        for (uint256 point; point < 8; ++point) {
            uint256[22] memory key = Trapdoor.key();
            uint256 k = firstOf(point);
            uint256 n = point == 0 || point > 3 ? 2 : 4;
            for (uint256 i; i < n; ++i) {
                key[k + i] = 0;
            }
            refusedKey(key, point, vm.toString(point));
        }
    }

    function degenerate(uint256[22] memory key, string memory what) private {
        refusedKey(key, abi.encodeWithSelector(MeedVerifier.KeyDegenerate.selector), what);
    }

    function test_gamma_like_delta_is_refused() external {
        uint256[22] memory key = Trapdoor.key();
        for (uint256 i; i < 4; ++i) {
            key[6 + i] = key[10 + i];
        }
        degenerate(key, "gamma = delta");
        (key[8], key[9]) = (P - key[8], P - key[9]);
        degenerate(key, "gamma = -delta");
    }

    function test_generators_are_refused() external {
        uint256[22] memory key = Trapdoor.key();
        (key[0], key[1]) = (1, 2);
        degenerate(key, "alpha = G1");
        (key[0], key[1]) = (1, P - 2);
        degenerate(key, "alpha = -G1");
        for (uint256 k = 2; k <= 10; k += 8) {
            key = Trapdoor.key();
            (key[k], key[k + 1], key[k + 2], key[k + 3]) = (G2_X1, G2_X0, G2_Y1, G2_Y0);
            degenerate(key, k == 2 ? "beta = G2" : "delta = G2");
            (key[k + 2], key[k + 3]) = (P - G2_Y1, P - G2_Y0);
            degenerate(key, k == 2 ? "beta = -G2" : "delta = -G2");
        }
    }

    function test_gamma_may_be_the_generator() external {
        // As snarkjs leaves it.
        uint256[22] memory key = Trapdoor.key();
        (key[6], key[7], key[8], key[9]) = (G2_X1, G2_X0, G2_Y1, G2_Y0);
        MeedVerifier made = deployVerifier(key);
        vm.assertNotEq(made.keyId(), verifier.keyId());
    }

    function test_only_the_local_set_ups_alpha_is_insecure() external {
        vm.assertTrue(verifier.insecure());
        uint256[8] memory other = Trapdoor.prove(1, 2, 3);
        for (uint256 secret = 2; secret < 6; ++secret) {
            MeedVerifier made = deployVerifier(Trapdoor.keyOf(secret));
            vm.assertFalse(made.insecure());
            made.verify(Trapdoor.proveUnder(secret, 1, 2, 3), [uint256(1), 2, 3]);
            vm.expectRevert(MeedVerifier.ProofInvalid.selector);
            made.verify{gas: 1_000_000}(other, [uint256(1), 2, 3]);
        }
    }

    function test_the_key_id_is_the_hash_of_the_key() external {
        bytes memory text = bytes("meed.vk.v1");
        uint256[22] memory key = Trapdoor.keyOf(4);
        for (uint256 i; i < 22; ++i) {
            text = bytes.concat(text, bytes32(key[i]));
        }
        vm.assertEq(text.length, 10 + 704);
        vm.assertEq(deployVerifier(key).keyId(), keccak256(text));
    }
}
