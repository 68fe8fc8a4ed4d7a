// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {MeedAccounts} from "../src/MeedAccounts.sol";
import {MeedCircuits} from "../src/MeedCircuits.sol";
import {IMeedVerifier} from "../src/IMeedVerifier.sol";
import {MeedVerifier} from "../src/MeedVerifier.sol";
import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {Trapdoor} from "./Trapdoor.sol";
import {vm} from "./Vm.sol";

contract CircuitsTest is Base {
    function add(uint256 number, IMeedVerifier v) private {
        vm.prank(OWNER);
        net.addCircuit(number, v);
    }

    function inactive(Job memory j, uint256 circuit) private {
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitInactive.selector, circuit));
        net.settle(circuit, j.proof, j.h, words(j));
    }

    function ready() private returns (Job memory) {
        fund(9);
        commit(9);
        return job(list(0));
    }

    function test_a_new_circuit_waits() external {
        Job memory j = ready();
        MeedVerifier other = deployVerifier(Trapdoor.key());
        inactive(j, 2);
        uint256 from = vm.getBlockTimestamp() + TIMELOCK;
        vm.expectEmit(address(net));
        emit MeedCircuits.CircuitAdded(2, other, from);
        add(2, other);
        inactive(j, 2);
        pass(TIMELOCK - 1);
        inactive(j, 2);
        pass(1);
        net.settle(2, j.proof, j.h, words(j));
    }

    function test_only_the_owner_adds_circuits() external {
        address[4] memory others = [OPERATOR, GUARDIAN, STRANGER, TREASURY];
        for (uint256 i; i < 4; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(
                abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, others[i])
            );
            net.addCircuit(2, verifier);
        }
    }

    function test_a_circuit_never_changes() external {
        MeedVerifier other = deployVerifier(Trapdoor.key());
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitTaken.selector, CIRCUIT));
        add(CIRCUIT, other);
        vm.prank(GUARDIAN);
        net.retireCircuit(CIRCUIT);
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitTaken.selector, CIRCUIT));
        add(CIRCUIT, other);
    }

    function test_a_retired_circuit_is_gone() external {
        Job memory j = ready();
        vm.expectEmit(address(net));
        emit MeedCircuits.CircuitRetired(CIRCUIT);
        vm.prank(GUARDIAN);
        net.retireCircuit(CIRCUIT);
        inactive(j, CIRCUIT);
        pass(10 * TIMELOCK);
        inactive(j, CIRCUIT);
    }

    function test_a_waiting_circuit_can_be_retired() external {
        Job memory j = ready();
        add(2, deployVerifier(Trapdoor.key()));
        vm.prank(GUARDIAN);
        net.retireCircuit(2);
        pass(TIMELOCK);
        inactive(j, 2);
        settle(j);
    }

    function test_unknown_circuits_have_their_error() external {
        Job memory j = ready();
        inactive(j, 0);
        inactive(j, type(uint256).max);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitInactive.selector, 7));
        net.retireCircuit(7);
    }

    function test_a_verifier_has_code() external {
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.VerifierRefused.selector, STRANGER));
        add(2, IMeedVerifier(STRANGER));
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.VerifierRefused.selector, address(0)));
        add(2, IMeedVerifier(address(0)));
    }

    function test_insecure_keys_are_for_development_chains() external {
        uint32[4] memory chains = [uint32(1), 10, 1337, 11155111];
        MeedVerifier insecure = deployVerifier(Trapdoor.key());
        bytes memory expected =
            abi.encodeWithSelector(MeedCircuits.VerifierRefused.selector, address(insecure));
        for (uint256 i; i < 4; ++i) {
            vm.chainId(chains[i]);
            vm.expectRevert(expected);
            add(2, insecure);
            vm.expectRevert(
                abi.encodeWithSelector(MeedCircuits.VerifierRefused.selector, address(verifier))
            );
            this.deployHere();
        }
        vm.chainId(31337);
        add(2, insecure);
        this.deployHere();
    }

    function deployHere() external {
        deploy(token);
    }

    function test_a_secure_key_settles_on_any_chain() external {
        vm.chainId(1);
        verifier = deployVerifier(Trapdoor.keyOf(3));
        net = deploy(token);
        Job memory j = ready();
        uint256 alpha = challenge(j);
        j.proof = Trapdoor.proveUnder(3, j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha));
        settle(j);
        vm.assertEq(net.epoch(), 1);
    }

    function test_many_circuits_from_the_start() external {
        uint256[] memory numbers = new uint256[](3);
        IMeedVerifier[] memory verifiers = new IMeedVerifier[](3);
        for (uint256 i; i < 3; ++i) {
            (numbers[i], verifiers[i]) = (10 + i, verifier);
        }
        net = deployWith(setup(token), numbers, verifiers);
        Job memory j = ready();
        inactive(j, CIRCUIT);
        net.settle(12, j.proof, j.h, words(j));
        numbers[2] = 10;
        vm.expectRevert(abi.encodeWithSelector(MeedCircuits.CircuitTaken.selector, 10));
        this.deployThese(numbers, verifiers);
    }

    function deployThese(uint256[] memory numbers, IMeedVerifier[] memory verifiers) external {
        deployWith(setup(token), numbers, verifiers);
    }

    // Pages of accounts.

    function accounts(uint256 n, uint256 seed) private pure returns (address[] memory list_) {
        list_ = new address[](n);
        for (uint256 i; i < n; ++i) {
            list_[i] = address(uint160(uint256(keccak256(abi.encode(seed, i)))));
        }
    }

    function codeOf(address[] memory list_) private pure returns (bytes memory code) {
        code = hex"00";
        for (uint256 i; i < list_.length; ++i) {
            code = bytes.concat(code, bytes20(list_[i]));
        }
    }

    function test_a_page_is_the_code_of_a_contract_that_stops() external {
        uint16[5] memory sizes = [1, 2, 33, 1023, 1024];
        for (uint256 i; i < 5; ++i) {
            address[] memory list_ = accounts(sizes[i], i);
            vm.prank(STRANGER);
            uint256 page = net.addPage(list_);
            vm.assertEq(page, i);
            vm.assertEq(net.pageCount(), i + 1);
            vm.assertEq(net.pages(i).code, codeOf(list_));
            (bool ok, bytes memory got) = net.pages(i).call(hex"12345678");
            vm.assertTrue(ok && got.length == 0);
        }
        vm.assertEq(net.pages(5), address(0));
    }

    function test_a_page_announces_itself() external {
        // The contract's first creation.
        address expected = address(
            uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(net), hex"01"))))
        );
        vm.expectEmit(address(net));
        emit MeedAccounts.PageAdded(0, expected, 3);
        net.addPage(accounts(3, 1));
    }

    function test_pages_have_1_to_1024_accounts() external {
        uint16[3] memory sizes = [0, 1025, 2000];
        for (uint256 i; i < 3; ++i) {
            address[] memory list_ = accounts(sizes[i], i);
            vm.expectRevert(abi.encodeWithSelector(MeedAccounts.PageSize.selector, sizes[i]));
            net.addPage(list_);
        }
    }

    function test_bits_above_an_account_are_dropped() external {
        address[] memory list_ = accounts(2, 7);
        bytes memory data = abi.encodeCall(net.addPage, (list_));
        // The first byte of the first account's word: selector, offset, length.
        data[4 + 64] = 0xff;
        (bool ok,) = address(net).call(data);
        vm.assertTrue(ok);
        vm.assertEq(net.pages(0).code, codeOf(list_));
    }
}
