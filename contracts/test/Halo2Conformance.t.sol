// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Check} from "../src/Halo2Check.sol";
import {HALO2_TABLES} from "../src/Halo2Tables.sol";
import {MeedHalo2Verifier} from "../src/MeedHalo2Verifier.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Halo2Base} from "./Halo2Base.sol";
import {Halo2Simulator} from "./Halo2Simulator.sol";
import {vm} from "./Vm.sol";

/// What the Rust crates wrote, replayed: real halo2 proofs of the epoch that `Conformance.t.sol` settles with Groth16,
/// and settlements with facts.
contract Halo2ConformanceTest is Halo2Base {
    string private file;
    string private epochFile;

    function setUp() public override {
        super.setUp();
        file = vm.readFile("test/data/halo2.json");
        epochFile = vm.readFile("test/data/epoch.json");
    }

    function test_the_tables() external view {
        vm.assertEq(HALO2_TABLES.length, 8_064);
        vm.assertEq(keccak256(HALO2_TABLES), vm.parseJsonBytes32(file, ".tables"));
    }

    function verifies(string memory shape) private {
        string memory path = string.concat(".", shape);
        MeedHalo2Verifier made = deployHalo2(keyOf(file, shape));
        vm.assertEq(made.keyId(), vm.parseJsonBytes32(file, string.concat(path, ".key_id")));
        vm.assertEq(made.insecure(), vm.parseJsonBool(file, string.concat(path, ".insecure")));
        uint256[] memory words_ = vm.parseJsonUintArray(file, string.concat(path, ".proof"));
        uint256[3] memory x = inputsOf(file, shape);
        made.check(abi.encodePacked(words_), x);
        x[1] = addmod(x[1], 1, R);
        vm.expectRevert(Halo2Check.ProofInvalid.selector);
        made.check{gas: CHECK_GAS}(abi.encodePacked(words_), x);
    }

    function test_proofs_of_all_shapes_verify() external {
        verifies("XS");
        verifies("S");
    }

    function test_a_proof_of_one_shape_is_none_of_another() external {
        bytes memory small = abi.encodePacked(vm.parseJsonUintArray(file, ".S.proof"));
        uint256[3] memory x = inputsOf(file, "S");
        vm.expectRevert(Halo2Check.ProofInvalid.selector);
        halo2.check{gas: CHECK_GAS}(small, x);
    }

    /// The epoch of both proof systems.
    function fixture() private view returns (Job memory j) {
        uint256[] memory all = vm.parseJsonUintArray(epochFile, ".words");
        j.payouts = new uint256[](all.length - 11);
        for (uint256 i; i < all.length; ++i) {
            if (i < 11) j.header[i] = all[i];
            else j.payouts[i - 11] = all[i];
        }
        j.h = vm.parseJsonUint(epochFile, ".h");
    }

    function test_the_epoch_settles_with_a_fact_and_not_without() external {
        Job memory j = fixture();
        // A network at the address for which the proof was made.
        address home = vm.parseJsonAddress(epochFile, ".contract");
        MeedSettlement made = networkOf(halo2);
        vm.etch(home, address(made).code);
        vm.copyStorage(address(made), home);
        net = MeedSettlement(home);
        uint256[3] memory x = inputsOf(j);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(x[i], inputs[i], "inputs");
        }
        fund(j.header[7]);
        vm.prank(OPERATOR);
        net.commit(1, j.header[2], j.header[3], j.header[4], j.header[7]);
        nextBlock();
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        settleHalo2(j);
        halo2.prove(proof, inputs);
        settleHalo2(j);
        (, uint128 released,,,) = net.epochs(1);
        vm.assertEq(released, j.header[8]);
        vm.assertEq(net.stateRoot(), j.header[6]);
        vm.assertEq(booked(), funds(address(net)));
    }

    /// A network that changes from one proof system to the other, and back.
    function test_a_network_takes_both_proof_systems() external {
        Halo2Simulator simulator = new Halo2Simulator();
        vm.prank(OWNER);
        net.addCircuit(HALO2_CIRCUIT, halo2);
        pass(TIMELOCK);
        epoch(100, list(0));
        uint256[] memory payouts = list(3);
        fund(total(payouts));
        commit(total(payouts));
        Job memory j = job(payouts);
        uint256[3] memory x = inputsOf(j);
        vm.expectRevert(MeedHalo2Verifier.NotProved.selector);
        settleHalo2(j);
        halo2.prove(simulator.close(halo2.image(), simulator.proof(7), x), x);
        settleHalo2(j);
        vm.assertEq(net.epoch(), 2);
        epoch(total(payouts), payouts);
        vm.assertEq(net.epoch(), 3);
        pass(CLAIM_DELAY);
        for (uint256 i; i < 3; ++i) {
            claim(2, payouts, i);
        }
        vm.assertEq(booked(), funds(address(net)));
    }
}
