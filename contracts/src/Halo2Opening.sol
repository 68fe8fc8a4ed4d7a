// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Layout} from "./Halo2Layout.sol";

/// SHPLONK: all commitments opened at all their points at once, checked with one pairing of two pairs.
abstract contract Halo2Opening is Halo2Layout {
    /// SHPLONK's numbers. Commitments are opened at six points, in sets: w {0, 1, 2, 3}; sum and permuted input
    /// {-1, 0}; s and q {0, 1, 2}; limb, permuted table, other fixed columns, sigmas, quotient and random {0}; the
    /// permutation's first product {0, 1, -7}; its second and the lookup's {0, 1}. Set i is multiplied by v^i and by
    /// u's distance from the points that are not in it, over the same of set 0.
    function _open() internal pure {
        assembly ("memory-safe") {
            // Folds a word, or five, by powers of eta, from the last down.
            function fold(folded, eta, word) -> all {
                all := addmod(mulmod(folded, eta, R), mload(word), R)
            }
            function five(folded, eta, words) -> all {
                all := addmod(mulmod(folded, eta, R), mload(add(words, 0x80)), R)
                all := addmod(mulmod(all, eta, R), mload(add(words, 0x60)), R)
                all := addmod(mulmod(all, eta, R), mload(add(words, 0x40)), R)
                all := addmod(mulmod(all, eta, R), mload(add(words, 0x20)), R)
                all := addmod(mulmod(all, eta, R), mload(words), R)
            }
            // a + eta b, times a Lagrange polynomial's numerator and its denominator.
            function two(a, b, numerator, spread) -> value {
                value := addmod(mload(a), mulmod(mload(ETA), mload(b), R), R)
                value := mulmod(value, mulmod(numerator, mload(spread), R), R)
            }
            let eta := mload(ETA)
            let before := mload(GAP_BEFORE)
            let gap0 := mload(GAP0)
            let gap1 := mload(GAP1)
            let gap2 := mload(GAP2)
            let inverse := mload(X_INVERSE)
            let inverse2 := mulmod(inverse, inverse, R)
            let constant
            {
                let gap3 := mload(GAP3)
                let low := mulmod(gap0, gap1, R)
                let high := mulmod(gap2, gap3, R)
                mstore(VANISHING, mulmod(low, high, R))
                // Set 0.
                let f := five(0, eta, W)
                let sum := mulmod(f, mulmod(mulmod(gap1, high, R), mload(SPREADS), R), R)
                f := five(0, eta, add(W, 0xa0))
                let weight := mulmod(mulmod(gap0, high, R), mload(add(SPREADS, 0x20)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := five(0, eta, add(W, 0x140))
                weight := mulmod(mulmod(low, gap3, R), mload(add(SPREADS, 0x40)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := five(0, eta, add(W, 0x1e0))
                weight := mulmod(mulmod(low, gap2, R), mload(add(SPREADS, 0x60)), R)
                sum := add(sum, mulmod(f, weight, R))
                constant := mulmod(sum, mulmod(inverse2, inverse, R), R)
            }
            let power := mload(V)
            // The gaps that all others but the fifth lack, over the first's.
            let far := mulmod(gap2, mload(GAP3), R)
            {
                // Set 1. 1 / before is the outer gap's inverse times the other factor.
                let sum := two(SUM_BEFORE, INPUT_BEFORE, gap0, add(SPREADS, 0xe0))
                sum := add(sum, two(SUM, INPUT, before, add(SPREADS, 0x100)))
                sum := mulmod(sum, inverse, R)
                let scale := mulmod(power, mulmod(gap1, far, R), R)
                scale := mulmod(scale, mulmod(mload(OUTER_GAP), mload(GAP_LAST), R), R)
                mstore(SCALES, scale)
                constant := add(constant, mulmod(scale, sum, R))
            }
            {
                // Set 2.
                power := mulmod(power, mload(V), R)
                let f := five(five(0, eta, Q), eta, S)
                let weight := mulmod(mulmod(gap1, gap2, R), mload(add(SPREADS, 0x80)), R)
                let sum := mulmod(f, weight, R)
                f := five(five(0, eta, add(Q, 0xa0)), eta, add(S, 0xa0))
                weight := mulmod(mulmod(gap0, gap2, R), mload(add(SPREADS, 0xa0)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := five(five(0, eta, add(Q, 0x140)), eta, add(S, 0x140))
                weight := mulmod(mulmod(gap0, gap1, R), mload(add(SPREADS, 0xc0)), R)
                sum := mulmod(add(sum, mulmod(f, weight, R)), inverse2, R)
                let scale := mulmod(power, mload(GAP3), R)
                mstore(add(SCALES, 0x20), scale)
                constant := add(constant, mulmod(scale, sum, R))
            }
            {
                // Set 3.
                power := mulmod(power, mload(V), R)
                let f := fold(mload(RANDOM), eta, QUOTIENT)
                f := five(fold(f, eta, add(SIGMAS, 0xa0)), eta, SIGMAS)
                f := five(fold(fold(f, eta, TABLE), eta, SCALE), eta, C)
                f := fold(fold(f, eta, N), eta, M)
                f := fold(fold(f, eta, PERMUTED_TABLE), eta, LIMB)
                let scale := mulmod(power, mulmod(gap1, far, R), R)
                mstore(add(SCALES, 0x40), scale)
                constant := add(constant, mulmod(scale, f, R))
            }
            {
                // Set 4.
                power := mulmod(power, mload(V), R)
                let end := mload(GAP_LAST)
                let weight := mulmod(mulmod(gap1, end, R), mload(add(SPREADS, 0x120)), R)
                let sum := mulmod(mload(Z0), weight, R)
                weight := mulmod(mulmod(gap0, end, R), mload(add(SPREADS, 0x140)), R)
                sum := add(sum, mulmod(mload(Z0_NEXT), weight, R))
                weight := mulmod(mulmod(gap0, gap1, R), mload(add(SPREADS, 0x160)), R)
                sum := add(sum, mulmod(mload(Z0_LAST), weight, R))
                sum := mulmod(sum, inverse2, R)
                let scale := mulmod(power, far, R)
                scale := mulmod(scale, mulmod(mload(OUTER_GAP), before, R), R)
                mstore(add(SCALES, 0x60), scale)
                constant := addmod(constant, mulmod(scale, sum, R), R)
            }
            {
                // Set 5.
                power := mulmod(power, mload(V), R)
                let sum := two(Z1, LOOKUP, gap1, add(SPREADS, 0x180))
                sum := add(sum, two(Z1_NEXT, LOOKUP_NEXT, gap0, add(SPREADS, 0x1a0)))
                sum := mulmod(sum, inverse, R)
                let scale := mulmod(power, far, R)
                mstore(add(SCALES, 0x80), scale)
                constant := addmod(constant, mulmod(scale, sum, R), R)
            }
            mstore(CONSTANT, constant)
        }
    }

    /// Adds up, at `TOTAL`, what is paired with G2: each set's commitments, folded by powers of eta and
    /// multiplied by the set's scale, less the constant times G1, less the vanishing polynomial times h1, plus u
    /// h2. Every point of the proof goes through a precompile here, which checks that it is on the curve.
    function _combine() internal view {
        assembly ("memory-safe") {
            function refuse() {
                // ProofInvalid()
                mstore(0x00, 0x7fcdd1f4)
                revert(0x1c, 0x04)
            }
            // What is folded, times its number, plus a point.
            function step(point) {
                let ok := staticcall(gas(), 0x07, FOLD, 0x60, PAIR, 0x40)
                mcopy(add(PAIR, 0x40), point, 0x40)
                ok := and(ok, staticcall(gas(), 0x06, PAIR, 0x80, FOLD, 0x40))
                if iszero(ok) { refuse() }
            }
            function steps(bottom, top) {
                for {} iszero(lt(top, bottom)) { top := sub(top, 0x40) } { step(top) }
            }
            function start(point) { mcopy(FOLD, point, 0x40) }
            // Adds what is folded, times a number.
            function term(scale) {
                mstore(add(FOLD, 0x40), scale)
                let ok := staticcall(gas(), 0x07, FOLD, 0x60, add(TOTAL, 0x40), 0x40)
                ok := and(ok, staticcall(gas(), 0x06, TOTAL, 0x80, TOTAL, 0x40))
                if iszero(ok) { refuse() }
                mstore(add(FOLD, 0x40), mload(ETA))
            }
            // The quotient from its pieces.
            start(add(PIECES, 0xc0))
            mstore(add(FOLD, 0x40), mload(XN))
            steps(PIECES, add(PIECES, 0x80))
            mcopy(WHOLE, FOLD, 0x40)
            mstore(add(FOLD, 0x40), mload(ETA))
            // Set 0.
            start(add(W_POINTS, 0x100))
            steps(W_POINTS, add(W_POINTS, 0xc0))
            mcopy(TOTAL, FOLD, 0x40)
            // Set 1.
            start(INPUT_POINT)
            step(SUM_POINT)
            term(mload(SCALES))
            // Set 2.
            start(add(FIXED_POINTS, 0x100))
            steps(FIXED_POINTS, add(FIXED_POINTS, 0xc0))
            steps(S_POINTS, add(S_POINTS, 0x100))
            term(mload(add(SCALES, 0x20)))
            // Set 3.
            start(RANDOM_POINT)
            step(WHOLE)
            steps(add(FIXED_POINTS, 0x140), SIGMA_LAST_POINT)
            step(PERMUTED_TABLE_POINT)
            step(LIMB_POINT)
            term(mload(add(SCALES, 0x40)))
            // Set 4.
            start(Z0_POINT)
            term(mload(add(SCALES, 0x60)))
            // Set 5.
            start(LOOKUP_POINT)
            step(Z1_POINT)
            term(mload(add(SCALES, 0x80)))
            // The rest.
            mstore(FOLD, 1)
            mstore(add(FOLD, 0x20), 2)
            term(sub(R, mload(CONSTANT)))
            start(H1)
            term(sub(R, mload(VANISHING)))
            start(H2)
            term(mload(U))
        }
    }

    /// Whether e(h2, [tau]G2) = e(total, G2).
    function _pairs() internal view returns (bool ok) {
        assembly ("memory-safe") {
            mcopy(PAIRING, H2, 0x40)
            mcopy(add(PAIRING, 0x40), TAU, 0x80)
            mstore(add(TOTAL, 0x40), G2_X1)
            mstore(add(TOTAL, 0x60), G2_X0)
            mstore(add(TOTAL, 0x80), sub(P, G2_Y1))
            mstore(add(TOTAL, 0xa0), sub(P, G2_Y0))
            ok := staticcall(gas(), 0x08, PAIRING, 0x180, 0x00, 0x20)
            ok := and(ok, eq(mload(0x00), 1))
        }
    }
}
