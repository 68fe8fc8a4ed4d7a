// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IMeedVerifier} from "./IMeedVerifier.sol";
import {MeedPause} from "./MeedPause.sol";

/// The verifiers, one a circuit: its shape, proof system and key. A circuit's verifier never changes; a new
/// circuit waits before it counts; a retired one never comes back.
abstract contract MeedCircuits is MeedPause {
    /// No verifier counts for this circuit: it is unknown, still waiting, or retired.
    error CircuitInactive(uint256 circuit);
    /// The circuit has a verifier already.
    error CircuitTaken(uint256 circuit);
    /// The verifier has no code, or its key comes from a local set-up, whose proofs anyone can forge.
    error VerifierRefused(address verifier);
    /// The constructor's timelock is shorter than this.
    error TimelockTooShort(uint256 least);

    event CircuitAdded(uint256 indexed circuit, IMeedVerifier verifier, uint256 activeFrom);
    event CircuitRetired(uint256 indexed circuit);

    struct Circuit {
        IMeedVerifier verifier;
        uint64 activeFrom;
        bool retired;
    }

    /// The chain id of local development chains (anvil, Hardhat). Only there does a key from a local
    /// set-up do.
    uint256 private constant DEVELOPMENT_CHAIN = 31337;
    /// The shortest timelock.
    uint256 private constant LEAST_TIMELOCK = 2 days;

    /// Seconds between the proposal of a circuit and its first settlement.
    uint256 public immutable timelock;
    /// The circuits by number.
    mapping(uint256 circuit => Circuit) public circuits;

    constructor(uint256 timelock_, uint256[] memory numbers, IMeedVerifier[] memory verifiers) {
        if (timelock_ < LEAST_TIMELOCK) revert TimelockTooShort(LEAST_TIMELOCK);
        timelock = timelock_;
        for (uint256 i; i < numbers.length; ++i) {
            _add(numbers[i], verifiers[i], block.timestamp);
        }
    }

    /// Adds a circuit, which counts after the timelock.
    function addCircuit(uint256 circuit, IMeedVerifier verifier) external onlyOwner {
        _add(circuit, verifier, block.timestamp + timelock);
    }

    /// Ends a circuit, at once and for good.
    function retireCircuit(uint256 circuit) external onlyGuardian {
        if (address(circuits[circuit].verifier) == address(0)) revert CircuitInactive(circuit);
        circuits[circuit].retired = true;
        emit CircuitRetired(circuit);
    }

    function _add(uint256 circuit, IMeedVerifier verifier, uint256 activeFrom) private {
        if (address(circuits[circuit].verifier) != address(0)) revert CircuitTaken(circuit);
        bool refused = address(verifier).code.length == 0
            || (verifier.insecure() && block.chainid != DEVELOPMENT_CHAIN);
        if (refused) revert VerifierRefused(address(verifier));
        circuits[circuit] = Circuit(verifier, uint64(activeFrom), false);
        emit CircuitAdded(circuit, verifier, activeFrom);
    }

    /// Reverts unless the proof is good for the inputs.
    function _verify(uint256 circuit, uint256[8] calldata proof, uint256[3] memory inputs)
        internal
        view
    {
        Circuit memory found = circuits[circuit];
        bool active = address(found.verifier) != address(0) && !found.retired
            && block.timestamp >= found.activeFrom;
        if (!active) revert CircuitInactive(circuit);
        found.verifier.verify(proof, inputs);
    }
}
