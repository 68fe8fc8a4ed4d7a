// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Check} from "../src/Halo2Check.sol";
import {MeedHalo2Verifier} from "../src/MeedHalo2Verifier.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Halo2Base} from "./Halo2Base.sol";
import {Halo2Simulator} from "./Halo2Simulator.sol";
import {vm} from "./Vm.sol";

/// What the verifier of the halo2 circuit takes and refuses.
contract Halo2VerifierTest is Halo2Base {
    bytes4 private constant INVALID = Halo2Check.ProofInvalid.selector;

    function refused(bytes memory changed, uint256[3] memory x, bytes4 expected, string memory what)
        private
        view
    {
        try halo2.check{gas: CHECK_GAS}(changed, x) {
            vm.assertTrue(false, string.concat("accepted: ", what));
        } catch (bytes memory got) {
            vm.assertEq(bytes32(bytes4(got)), bytes32(expected), what);
        }
    }

    function invalid(bytes memory changed, string memory what) private view {
        refused(changed, inputs, INVALID, what);
    }

    function test_a_real_proof_passes() external view {
        halo2.check(proof, inputs);
    }

    function test_each_changed_word_is_refused() external view {
        for (uint256 i; i < PROOF_WORDS; ++i) {
            uint256 word = wordOf(proof, i);
            uint256 order = isScalar(i) ? R : PRIME;
            string memory which = vm.toString(i);
            invalid(withWord(proof, i, addmod(word, 1, order)), which);
            invalid(withWord(proof, i, order - word), string.concat("negative ", which));
            invalid(withWord(proof, i, 0), string.concat("zero ", which));
            // The same number modulo the order.
            invalid(withWord(proof, i, word + order), string.concat("not reduced ", which));
            invalid(withWord(proof, i, type(uint256).max), string.concat("max ", which));
        }
    }

    function test_changed_bits_are_refused() external view {
        for (uint256 i; i < 4064; i += 97) {
            bytes memory changed = bytes.concat(proof);
            changed[i] ^= bytes1(uint8(1 << (i % 8)));
            invalid(changed, vm.toString(i));
        }
    }

    function test_identities_are_refused() external view {
        for (uint256 i; i < PROOF_WORDS; i += 2) {
            if (i == FIRST_SCALAR) i = AFTER_SCALARS;
            bytes memory changed = withWord(withWord(proof, i, 0), i + 1, 0);
            invalid(changed, vm.toString(i));
        }
    }

    function test_points_in_each_others_place_are_refused() external view {
        for (uint256 i; i < FIRST_SCALAR - 2; i += 2) {
            bytes memory changed = withWord(proof, i, wordOf(proof, i + 2));
            changed = withWord(changed, i + 1, wordOf(proof, i + 3));
            changed = withWord(changed, i + 2, wordOf(proof, i));
            changed = withWord(changed, i + 3, wordOf(proof, i + 1));
            invalid(changed, vm.toString(i));
        }
        for (uint256 i = FIRST_SCALAR; i < AFTER_SCALARS - 1; ++i) {
            bytes memory changed = withWord(proof, i, wordOf(proof, i + 1));
            invalid(withWord(changed, i + 1, wordOf(proof, i)), vm.toString(i));
        }
    }

    function cut(uint256 length) private view returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i; i < length && i < 4064; ++i) {
            part[i] = proof[i];
        }
    }

    function test_other_lengths_are_refused() external {
        uint16[10] memory lengths = [0, 1, 31, 32, 256, 4032, 4063, 4065, 4096, 8128];
        for (uint256 i; i < 10; ++i) {
            bytes memory part = cut(lengths[i]);
            vm.expectRevert(
                abi.encodeWithSelector(Halo2Check.ProofLength.selector, 4064, lengths[i])
            );
            halo2.check(part, inputs);
        }
    }

    function test_calldata_that_ends_early_is_refused() external view {
        bytes memory data = abi.encodeCall(halo2.check, (proof, inputs));
        (bool ok,) = address(halo2).staticcall(data);
        vm.assertTrue(ok);
        for (uint256 less = 1; less < data.length; less += 61) {
            bytes memory part = bytes.concat(data);
            assembly ("memory-safe") {
                mstore(part, sub(mload(part), less))
            }
            (ok,) = address(halo2).staticcall{gas: CHECK_GAS}(part);
            vm.assertFalse(ok, vm.toString(less));
        }
    }

    function test_each_changed_input_is_refused() external view {
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory x = inputs;
            x[i] = addmod(x[i], 1, R);
            refused(proof, x, INVALID, "another");
            x[i] = 0;
            refused(proof, x, INVALID, "zero");
            x[i] = inputs[(i + 1) % 3];
            x[(i + 1) % 3] = inputs[i];
            refused(proof, x, INVALID, "swapped");
        }
    }

    function test_inputs_out_of_range_are_refused() external view {
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory x = inputs;
            x[i] = inputs[i] + R;
            refused(proof, x, Halo2Check.InputNotCanonical.selector, "plus r");
            x[i] = R;
            refused(proof, x, Halo2Check.InputNotCanonical.selector, "r");
            x[i] = type(uint256).max;
            refused(proof, x, Halo2Check.InputNotCanonical.selector, "max");
        }
    }

    function test_a_caller_that_gives_too_little_gas_gets_a_refusal() external {
        // The least that is enough, to a hundred.
        (uint256 low, uint256 high) = (100_000, 1_000_000);
        while (high - low > 100) {
            uint256 middle = (low + high) / 2;
            (bool ok,) =
                address(halo2).staticcall{gas: middle}(abi.encodeCall(halo2.check, (proof, inputs)));
            if (ok) high = middle;
            else low = middle;
        }
        vm.assertGe(high, 400_000, "44 products and a pairing cost more");
        for (uint256 gas_ = 5_000; gas_ <= low; gas_ += gas_ + 40_000 < low ? 7_919 : 101) {
            (bool ok,) =
                address(halo2).call{gas: gas_}(abi.encodeCall(halo2.prove, (proof, inputs)));
            vm.assertFalse(ok, vm.toString(gas_));
            vm.assertFalse(halo2.proved(halo2.factOf(inputs)));
        }
    }

    // Facts.

    function test_a_proof_makes_a_fact() external {
        uint256[8] memory zeros;
        bytes32 fact = keccak256(abi.encode(inputs));
        vm.assertEq(halo2.factOf(inputs), fact);
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        halo2.verify(zeros, inputs);
        halo2.check(proof, inputs);
        vm.assertFalse(halo2.proved(fact), "a check writes nothing");
        vm.expectEmit(address(halo2));
        emit MeedHalo2Verifier.Proved(fact, inputs[0], inputs[1], inputs[2]);
        vm.prank(STRANGER);
        halo2.prove(proof, inputs);
        vm.assertTrue(halo2.proved(fact));
        halo2.verify(zeros, inputs);
    }

    function test_a_fact_can_be_shown_again() external {
        halo2.prove(proof, inputs);
        halo2.prove(proof, inputs);
        // What is known is not looked at again.
        halo2.prove("", inputs);
        halo2.verify([uint256(0), 0, 0, 0, 0, 0, 0, 0], inputs);
    }

    function test_a_bad_proof_makes_no_fact() external {
        bytes memory bad = withWord(proof, 50, 5);
        vm.expectRevert(INVALID);
        halo2.prove{gas: CHECK_GAS}(bad, inputs);
        vm.assertFalse(halo2.proved(halo2.factOf(inputs)));
    }

    function test_a_fact_is_about_all_inputs() external {
        halo2.prove(proof, inputs);
        uint256[8] memory zeros;
        for (uint256 i; i < 3; ++i) {
            uint256[3] memory x = inputs;
            x[i] = addmod(x[i], 1, R);
            vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
            halo2.verify(zeros, x);
            x[i] = inputs[i] + R;
            vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
            halo2.verify(zeros, x);
        }
    }

    function test_a_fact_is_known_to_its_verifier_alone() external {
        // The same key, another contract.
        MeedHalo2Verifier other = deployHalo2(realKey());
        vm.assertEq(other.keyId(), halo2.keyId());
        halo2.prove(proof, inputs);
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        other.verify([uint256(0), 0, 0, 0, 0, 0, 0, 0], inputs);
        vm.assertNotEq(
            bytes32(uint256(uint160(other.image()))), bytes32(uint256(uint160(halo2.image())))
        );
    }

    function test_the_words_of_a_proof_shown_elsewhere_are_zero() external {
        halo2.prove(proof, inputs);
        for (uint256 i; i < 8; ++i) {
            uint256[8] memory zeros;
            zeros[i] = i + 1;
            vm.expectRevert(abi.encodeWithSelector(MeedHalo2Verifier.ProofWordNotZero.selector, i));
            halo2.verify(zeros, inputs);
        }
    }

    function test_simulated_proofs_pass_under_a_known_tau_alone() external {
        Halo2Simulator simulator = new Halo2Simulator();
        uint256[47] memory key = realKey();
        for (uint256 k = 5; k <= 26; k += 7) {
            key[1] = k;
            MeedHalo2Verifier made = deployHalo2(key);
            uint256[3] memory x = [k, R - 1, 0];
            bytes memory simulated = simulator.close(made.image(), simulator.proof(k), x);
            made.check(simulated, x);
            // Its key is not that of the real proof.
            try halo2.check{gas: CHECK_GAS}(simulated, x) {
                vm.assertTrue(false, "a proof under another key");
            } catch {}
        }
        // tau = 5.
        (key[43], key[44], key[45], key[46]) = fiveG2();
        MeedHalo2Verifier other = deployHalo2(key);
        vm.assertFalse(other.insecure());
        bytes memory unknown = simulator.close(other.image(), simulator.proof(1), inputs);
        vm.expectRevert(INVALID);
        other.check{gas: CHECK_GAS}(unknown, inputs);
    }

    function fiveG2() private pure returns (uint256, uint256, uint256, uint256) {
        return (
            4540444681147253467785307942530223364530218361853237193970751657229138047649,
            20954117799226682825035885491234530437475518021362091509513177301640194298072,
            11631839690097995216017572651900167465857396346217730511548857041925508482915,
            21508930868448350162258892668132814424284302804699005394342512102884055673846
        );
    }

    // The constructor.

    function make(uint256[47] calldata key) external returns (MeedHalo2Verifier) {
        return deployHalo2(key);
    }

    function refusedKey(uint256[47] memory key, bytes memory expected, string memory what) private {
        try this.make{gas: 200_000_000}(key) {
            vm.assertTrue(false, string.concat("this key was accepted: ", what));
        } catch (bytes memory got) {
            vm.assertEq(got, expected, what);
        }
    }

    function refusedPoint(uint256[47] memory key, uint256 point, string memory what) private {
        refusedKey(
            key, abi.encodeWithSelector(MeedHalo2Verifier.KeyPointInvalid.selector, point), what
        );
    }

    function position(uint256 word) private pure returns (uint256) {
        return word < 43 ? (word - 3) / 2 : 20;
    }

    function test_the_keys_head() external {
        uint256[47] memory key = realKey();
        for (uint256 version; version < 3; ++version) {
            if (version == 1) continue;
            key[0] = version;
            refusedKey(
                key,
                abi.encodeWithSelector(MeedHalo2Verifier.KeyVersion.selector, 1, version),
                "version"
            );
        }
        key[0] = 1;
        uint256[5] memory sizes = [uint256(0), 3, 27, 256 + 15, type(uint256).max];
        for (uint256 i; i < 5; ++i) {
            key[1] = sizes[i];
            refusedKey(
                key,
                abi.encodeWithSelector(MeedHalo2Verifier.KeySize.selector, 4, 26, sizes[i]),
                "k"
            );
        }
        key[1] = 15;
        key[2] = R;
        refusedKey(key, abi.encodeWithSelector(MeedHalo2Verifier.KeyNotCanonical.selector), "name");
    }

    function test_key_coordinates_out_of_range_are_refused() external {
        for (uint256 i = 3; i < 47; ++i) {
            uint256[47] memory key = realKey();
            key[i] += PRIME;
            refusedPoint(key, position(i), vm.toString(i));
            key[i] = PRIME;
            refusedPoint(key, position(i), vm.toString(i));
            key[i] = type(uint256).max;
            refusedPoint(key, position(i), vm.toString(i));
        }
    }

    function test_key_points_off_their_curve_are_refused() external {
        for (uint256 i = 3; i < 47; ++i) {
            uint256[47] memory key = realKey();
            key[i] = addmod(key[i], 1, PRIME);
            refusedPoint(key, position(i), vm.toString(i));
        }
    }

    function test_identities_in_a_key_are_refused() external {
        for (uint256 i = 3; i < 47; i += i < 43 ? 2 : 4) {
            uint256[47] memory key = realKey();
            (key[i], key[i + 1]) = (0, 0);
            if (i == 43) (key[45], key[46]) = (0, 0);
            refusedPoint(key, position(i), vm.toString(i));
        }
    }

    function test_a_tau_outside_the_subgroup_is_refused() external {
        uint256[47] memory key = realKey();
        // x = 1, y = y0 + y1 i.
        (key[43], key[44]) = (0, 1);
        key[45] = 5912654199736721486680175016176231956195085055698687135131307249486702594212;
        key[46] = 18278151005453108793778860132295291098363647455926340152056652516292830556603;
        refusedPoint(key, 20, "outside");
    }

    function test_a_tau_of_one_is_refused() external {
        uint256[47] memory key = realKey();
        key[43] = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
        key[44] = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
        key[45] = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
        key[46] = 8495653923123431417604973247489272438418190587263600148770280649306958101930;
        bytes memory degenerate = abi.encodeWithSelector(MeedHalo2Verifier.KeyDegenerate.selector);
        refusedKey(key, degenerate, "G2");
        (key[45], key[46]) = (PRIME - key[45], PRIME - key[46]);
        refusedKey(key, degenerate, "-G2");
    }

    function test_the_negative_of_the_local_tau_is_insecure() external {
        uint256[47] memory key = realKey();
        vm.assertTrue(halo2.insecure());
        (key[45], key[46]) = (PRIME - key[45], PRIME - key[46]);
        vm.assertTrue(deployHalo2(key).insecure());
    }

    function test_nobody_can_call_the_constants() external {
        (bool ok, bytes memory answer) = halo2.image().call("");
        vm.assertTrue(ok);
        vm.assertEq(answer.length, 0);
    }
}
