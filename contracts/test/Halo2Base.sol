// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IMeedVerifier} from "../src/IMeedVerifier.sol";
import {MeedHalo2Verifier} from "../src/MeedHalo2Verifier.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Base} from "./Base.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// Tests with proofs of the halo2 circuit: real keys and proofs from `test/data/halo2.json`, which
/// `prover/tests/contract_halo2.rs` wrote.
abstract contract Halo2Base is Base {
    uint256 internal constant HALO2_CIRCUIT = 1001;
    uint256 internal constant PRIME =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    uint256 internal constant PROOF_WORDS = 127;
    /// Of these the first 44 and the last four are coordinates.
    uint256 internal constant FIRST_SCALAR = 44;
    uint256 internal constant AFTER_SCALARS = 123;
    /// A bad point burns what the precompile got: 63 parts of 64 of what there is.
    uint256 internal constant CHECK_GAS = 3_000_000;

    MeedHalo2Verifier internal halo2;
    /// The real proof and its inputs.
    bytes internal proof;
    uint256[3] internal inputs;

    function setUp() public virtual override {
        super.setUp();
        string memory file = vm.readFile("test/data/halo2.json");
        proof = abi.encodePacked(vm.parseJsonUintArray(file, ".XS.proof"));
        inputs = inputsOf(file, "XS");
        halo2 = deployHalo2(keyOf(file, "XS"));
    }

    function keyOf(string memory file, string memory shape)
        internal
        pure
        returns (uint256[47] memory key)
    {
        uint256[] memory words_ = vm.parseJsonUintArray(file, string.concat(".", shape, ".key"));
        require(words_.length == 47, "words of a key");
        for (uint256 i; i < 47; ++i) {
            key[i] = words_[i];
        }
    }

    function inputsOf(string memory file, string memory shape)
        internal
        pure
        returns (uint256[3] memory all)
    {
        uint256[] memory words_ = vm.parseJsonUintArray(file, string.concat(".", shape, ".inputs"));
        require(words_.length == 3, "inputs");
        for (uint256 i; i < 3; ++i) {
            all[i] = words_[i];
        }
    }

    function deployHalo2(uint256[47] memory key) internal returns (MeedHalo2Verifier) {
        return MeedHalo2Verifier(create("MeedHalo2Verifier", abi.encode(key)));
    }

    /// The key of the real proofs.
    function realKey() internal view returns (uint256[47] memory) {
        return keyOf(vm.readFile("test/data/halo2.json"), "XS");
    }

    function wordOf(bytes memory data, uint256 i) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), shl(5, i)))
        }
    }

    /// A copy with another word.
    function withWord(bytes memory data, uint256 i, uint256 word)
        internal
        pure
        returns (bytes memory changed)
    {
        changed = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(add(add(changed, 0x20), shl(5, i)), word)
        }
    }

    function isScalar(uint256 word) internal pure returns (bool) {
        return word >= FIRST_SCALAR && word < AFTER_SCALARS;
    }

    /// A network that has this verifier under number 1001 from its beginning.
    function networkOf(IMeedVerifier v) internal returns (MeedSettlement) {
        uint256[] memory numbers = new uint256[](1);
        IMeedVerifier[] memory verifiers = new IMeedVerifier[](1);
        (numbers[0], verifiers[0]) = (HALO2_CIRCUIT, v);
        return deployWith(setup(IERC20(token)), numbers, verifiers);
    }

    /// The inputs of a job, as the settlement finds them.
    function inputsOf(Job memory j) internal view returns (uint256[3] memory) {
        uint256 alpha = challenge(j);
        return [j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha)];
    }

    function settleHalo2(Job memory j) internal {
        uint256[8] memory zeros;
        net.settle{gas: 20_000_000}(HALO2_CIRCUIT, zeros, j.h, words(j));
    }
}
