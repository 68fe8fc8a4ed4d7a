// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Gates} from "./Halo2Gates.sol";
import {Halo2Opening} from "./Halo2Opening.sol";

/// The check of a proof of Meed's halo2 circuit: PLONK with custom gates, a lookup and KZG commitments over
/// BN254, opened by SHPLONK (Boneh, Drake, Fisch, Gabizon, "Efficient polynomial commitment schemes for
/// multiple points and polynomials", 2020, section 4). The protocol is that of `halo2-axiom` 0.5.3 with
/// Keccak challenges; the circuit's gates stand in `circuits/halo2/src/config.rs`.
abstract contract Halo2Check is Halo2Gates, Halo2Opening {
    /// An input is not below the order of the scalar field: `x` and `x + r` would verify alike.
    error InputNotCanonical();
    /// A proof has 24 points and 79 scalars, 4,064 bytes.
    error ProofLength(uint256 expected, uint256 got);
    /// The proof is not good for these inputs, or a part of it is malformed: a point off the curve or the
    /// identity, a number that is out of range.
    error ProofInvalid();

    /// Returns if the proof is good for the inputs, else reverts. `image` is the contract with the constants.
    function _checkProof(address image, bytes calldata proof, uint256[3] calldata inputs)
        internal
        view
    {
        if (inputs[0] >= R || inputs[1] >= R || inputs[2] >= R) revert InputNotCanonical();
        if (proof.length != PROOF_BYTES) revert ProofLength(PROOF_BYTES, proof.length);
        bool ok = _load(image, proof, inputs);
        _squeeze();
        ok = _invert() && ok;
        if (!ok) revert ProofInvalid();
        _gates();
        _arguments();
        _open();
        _combine();
        if (!_pairs()) revert ProofInvalid();
    }

    /// Puts everything in its place. Returns whether no point is the identity (the precompiles check the
    /// rest) and all scalars are reduced.
    function _load(address image, bytes calldata proof, uint256[3] calldata inputs)
        internal
        view
        returns (bool ok)
    {
        assembly ("memory-safe") {
            // The places are ours from here on. It cannot happen that they are taken: nothing was allocated.
            if gt(mload(0x40), IMAGE) { revert(0, 0) }
            mstore(0x40, END)

            // The first byte is the opcode STOP.
            extcodecopy(image, IMAGE, 1, IMAGE_BYTES)
            calldatacopy(INPUTS, inputs, 0x60)
            calldatacopy(PROOF, proof.offset, PROOF_BYTES)

            // A point of the curve other than the identity has no y = 0: there is no point of order 2.
            let bad := or(iszero(mload(add(H1, 0x20))), iszero(mload(add(H2, 0x20))))
            for { let y := add(PROOF, 0x20) } lt(y, EVALS) { y := add(y, 0x80) } {
                bad := or(bad, or(iszero(mload(y)), iszero(mload(add(y, 0x40)))))
            }
            ok := iszero(bad)
            ok := and(ok, lt(mload(EVALS), R))
            for { let e := add(EVALS, 0x20) } lt(e, H1) { e := add(e, 0x60) } {
                ok := and(ok, lt(mload(e), R))
                ok := and(ok, lt(mload(add(e, 0x20)), R))
                ok := and(ok, lt(mload(add(e, 0x40)), R))
            }
        }
    }

    /// The challenges. Each is the hash of the one before and of what was written since; the one before is
    /// put for a moment in front of what was written. Then the evaluations are put in order.
    function _squeeze() internal pure {
        assembly ("memory-safe") {
            function squeeze(state, start, size) -> next {
                let kept := mload(start)
                mstore(start, state)
                next := keccak256(start, size)
                mstore(start, kept)
            }
            function again(state) -> next {
                mstore(0x00, state)
                mstore8(0x20, 1)
                next := keccak256(0x00, 0x21)
            }
            // Key, inputs and 12 points.
            let state := keccak256(KEY_ID, 0x3a0)
            state := squeeze(state, sub(INPUT_POINT, 0x20), 0xa0)
            mstore(BETA, mod(state, R))
            state := again(state)
            mstore(GAMMA, mod(state, R))
            state := squeeze(state, sub(Z0_POINT, 0x20), 0x120)
            mstore(Y, mod(state, R))
            state := squeeze(state, sub(PIECES, 0x20), 0x120)
            mstore(X, mod(state, R))
            state := squeeze(state, sub(EVALS, 0x20), 0xa00)
            mstore(ETA, mod(state, R))
            state := again(state)
            mstore(V, mod(state, R))
            mstore(U, mod(squeeze(state, sub(H1, 0x20), 0x60), R))

            // A proof has the sum after the first row of w. It goes to the end of the columns.
            let sum := mload(add(W, 0xa0))
            mcopy(add(W, 0xa0), add(W, 0xc0), 0x400)
            mstore(SUM, sum)
        }
    }

    /// x^n, the gaps, and all inverses with one exponentiation. Returns false if something has no inverse: a
    /// challenge hit a point where it must not lie, which an honest prover never meets.
    function _invert() internal view returns (bool ok) {
        assembly ("memory-safe") {
            let x := mload(X)
            let u := mload(U)
            let xn := x
            for { let k := mload(SIZE) } k { k := sub(k, 1) } { xn := mulmod(xn, xn, R) }
            mstore(XN, xn)

            mstore(GAP_BEFORE, addmod(u, sub(R, mulmod(x, mload(add(OMEGAS, 0xc0)), R)), R))
            mstore(GAP0, addmod(u, sub(R, x), R))
            mstore(GAP1, addmod(u, sub(R, mulmod(x, mload(add(OMEGAS, 0x100)), R)), R))
            mstore(GAP2, addmod(u, sub(R, mulmod(x, mload(add(OMEGAS, 0x120)), R)), R))
            mstore(GAP3, addmod(u, sub(R, mulmod(x, mload(add(OMEGAS, 0x140)), R)), R))
            mstore(GAP_LAST, addmod(u, sub(R, mulmod(x, mload(OMEGAS), R)), R))

            for { let i := 0 } lt(i, 0x140) { i := add(i, 0x20) } {
                mstore(add(INVERSES, i), addmod(x, sub(R, mload(add(OMEGAS, i))), R))
            }
            mstore(XN_LESS_ONE, addmod(xn, sub(R, 1), R))
            mstore(OUTER_GAP, mulmod(mload(GAP_BEFORE), mload(GAP_LAST), R))
            mstore(X_INVERSE, x)

            // Products[i] is that of all before i.
            let product := 1
            for { let i := 0 } lt(i, 0x1a0) { i := add(i, 0x20) } {
                mstore(add(PRODUCTS, i), product)
                product := mulmod(product, mload(add(INVERSES, i)), R)
            }
            mstore(POWER, 0x20)
            mstore(add(POWER, 0x20), 0x20)
            mstore(add(POWER, 0x40), 0x20)
            mstore(add(POWER, 0x60), product)
            mstore(add(POWER, 0x80), sub(R, 2))
            mstore(add(POWER, 0xa0), R)
            ok := staticcall(gas(), 0x05, POWER, 0xc0, 0x00, 0x20)
            ok := and(ok, iszero(iszero(product)))
            let inverse := mload(0x00)
            for { let i := 0x1a0 } i {} {
                i := sub(i, 0x20)
                let value := mload(add(INVERSES, i))
                mstore(add(INVERSES, i), mulmod(inverse, mload(add(PRODUCTS, i)), R))
                inverse := mulmod(inverse, value, R)
            }
            // From inverses to Lagrange polynomials at x: omega^i (x^n - 1) / (n (x - omega^i)).
            let vanishing := addmod(xn, sub(R, 1), R)
            for { let i := 0 } lt(i, 0x140) { i := add(i, 0x20) } {
                let place := add(INVERSES, i)
                let weight := mulmod(mload(add(WEIGHTS, i)), vanishing, R)
                mstore(place, mulmod(mload(place), weight, R))
            }
        }
    }
}
