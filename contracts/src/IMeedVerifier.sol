// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// A proof system's check of one circuit. It returns if the proof is good and reverts if it is not:
/// a caller that forgets to look at a result cannot be fooled.
interface IMeedVerifier {
    /// @param proof A, B, C as EIP-197 lays points out: `A.x A.y B.x.c1 B.x.c0 B.y.c1 B.y.c0 C.x C.y`.
    /// @param inputs `h, alpha, y`, each below the order of BN254's scalar field.
    function verify(uint256[8] calldata proof, uint256[3] calldata inputs) external view;

    /// Whether the key was made by a local set-up, whose maker can forge proofs.
    function insecure() external view returns (bool);
}
