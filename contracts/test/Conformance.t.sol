// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {MeedVerifier} from "../src/MeedVerifier.sol";
import {Base} from "./Base.sol";
import {ListHarness} from "./ListHarness.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// What the Rust crates wrote, replayed: an epoch with a real proof (`prover/tests/contract.rs`) and its
/// claims (`ledger/tests/contract.rs`).
contract ConformanceTest is Base {
    string private epochFile;
    string private claimsFile;
    address private home;
    uint256[] private all;

    function setUp() public override {
        super.setUp();
        epochFile = vm.readFile("test/data/epoch.json");
        claimsFile = vm.readFile("test/data/claims.json");
        home = vm.parseJsonAddress(epochFile, ".contract");
        all = vm.parseJsonUintArray(epochFile, ".words");
        uint256[] memory words_ = vm.parseJsonUintArray(epochFile, ".key");
        uint256[22] memory key;
        for (uint256 i; i < 22; ++i) {
            key[i] = words_[i];
        }
        verifier = deployVerifier(key);
        // The network at the address for which the proof was made.
        MeedSettlement made = deploy(IERC20(token));
        vm.etch(home, address(made).code);
        vm.copyStorage(address(made), home);
        net = MeedSettlement(home);
    }

    function number(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(epochFile, key);
    }

    function fixture() private view returns (Job memory j) {
        j.payouts = new uint256[](all.length - 11);
        for (uint256 i; i < all.length; ++i) {
            if (i < 11) j.header[i] = all[i];
            else j.payouts[i - 11] = all[i];
        }
        j.h = number(".h");
        uint256[] memory proof = vm.parseJsonUintArray(epochFile, ".proof");
        for (uint256 i; i < 8; ++i) {
            j.proof[i] = proof[i];
        }
    }

    function test_the_chain_is_the_fixtures() external view {
        vm.assertEq(number(".chain_id"), block.chainid);
        vm.assertGe(all.length, 13, "an epoch with two payouts at least");
    }

    function test_the_empty_states_root() external view {
        vm.assertEq(net.EMPTY_STATE_ROOT(), number(".empty_state_root"));
        vm.assertEq(all[5], number(".empty_state_root"));
    }

    function test_the_keys_id() external view {
        vm.assertEq(verifier.keyId(), vm.parseJsonBytes32(epochFile, ".key_id"));
        vm.assertEq(verifier.insecure(), vm.parseJsonBool(epochFile, ".insecure"));
    }

    function test_the_lists_hash_and_value() external {
        Job memory j = fixture();
        uint256 alpha = number(".alpha");
        bytes32 hash = vm.parseJsonBytes32(epochFile, ".list_hash");
        ListHarness lists = new ListHarness();
        ListHarness.Out memory out =
            lists.plain(keccak256(abi.encode(j.header)), j.payouts, 0, alpha);
        vm.assertEq(out.hash, hash);
        vm.assertEq(Naive.listHash(j.header, j.payouts), hash);
        uint256 y = mulmod(out.y, lists.power(alpha, 11), R);
        y = addmod(y, lists.evaluate(j.header, alpha), R);
        vm.assertEq(y, number(".y"));
        vm.assertEq(out.top, vm.parseJsonBytes32(claimsFile, ".root"));
        // The harness, moved to the fixture's address.
        vm.etch(home, address(lists).code);
        vm.assertEq(ListHarness(home).challenge(j.h, hash), alpha);
    }

    function test_the_proof_verifies() external {
        Job memory j = fixture();
        uint256[3] memory inputs = [j.h, number(".alpha"), number(".y")];
        verifier.verify(j.proof, inputs);
        inputs[2] = addmod(inputs[2], 1, R);
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        verifier.verify{gas: 1_000_000}(j.proof, inputs);
    }

    function test_the_epoch_settles_and_its_claims_are_paid() external {
        Job memory j = fixture();
        fund(j.header[7]);
        vm.prank(OPERATOR);
        net.commit(1, j.header[2], j.header[3], j.header[4], j.header[7]);
        nextBlock();
        settle(j);
        (bytes32 root, uint128 released,,,) = net.epochs(1);
        vm.assertEq(root, vm.parseJsonBytes32(claimsFile, ".root"));
        vm.assertEq(released, j.header[8]);
        vm.assertEq(net.stateRoot(), j.header[6]);
        vm.assertEq(uint256(net.accrued()) * UNIT, j.header[9]);
        vm.assertEq(booked(), funds(address(net)));
        pass(CLAIM_DELAY);
        for (uint256 i; i < j.payouts.length; ++i) {
            (address account, uint256 amount) = unpack(j.payouts[i]);
            bytes32[] memory proof = vm.parseJsonBytes32Array(
                claimsFile, string.concat(".proofs[", vm.toString(i), "]")
            );
            net.claim(1, i, account, amount, proof);
            vm.assertEq(funds(account), amount);
        }
        vm.assertEq(net.unclaimed(1), 0);
    }

    function test_a_changed_epoch_does_not_settle() external {
        Job memory j = fixture();
        fund(j.header[7]);
        vm.prank(OPERATOR);
        net.commit(1, j.header[2], j.header[3], j.header[4], j.header[7]);
        nextBlock();
        (j.payouts[0], j.payouts[1]) = (j.payouts[1], j.payouts[0]);
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        net.settle{gas: 10_000_000}(CIRCUIT, j.proof, j.h, words(j));
    }
}
