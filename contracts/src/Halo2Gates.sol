// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Layout} from "./Halo2Layout.sol";

/// The value that the quotient must have at the challenge x: the constraints of the circuit's gates, in the order of
/// `circuits/halo2/src/config.rs`, then of its permutation and of its lookup, as `halo2-axiom` has them.
abstract contract Halo2Gates is Halo2Layout {
    /// The gates' values, folded by powers of y, in the circuit's order. Of each gate the constraints are
    /// folded first and multiplied by the switch once.
    function _gates() internal pure {
        assembly ("memory-safe") {
            // Nine products. Five of them fit 256 bits.
            function dot(a, b) -> sum {
                sum := mulmod(mload(a), mload(b), R)
                sum := add(sum, mulmod(mload(add(a, 0x20)), mload(add(b, 0x20)), R))
                sum := add(sum, mulmod(mload(add(a, 0x40)), mload(add(b, 0x40)), R))
                sum := add(sum, mulmod(mload(add(a, 0x60)), mload(add(b, 0x60)), R))
                sum := add(sum, mulmod(mload(add(a, 0x80)), mload(add(b, 0x80)), R))
                let more := mulmod(mload(add(a, 0xa0)), mload(add(b, 0xa0)), R)
                more := add(more, mulmod(mload(add(a, 0xc0)), mload(add(b, 0xc0)), R))
                more := add(more, mulmod(mload(add(a, 0xe0)), mload(add(b, 0xe0)), R))
                more := add(more, mulmod(mload(add(a, 0x100)), mload(add(b, 0x100)), R))
                sum := addmod(sum, more, R)
            }
            // Folds nine (or `size` / 0x20) rows of a matrix, each times the same cells less a cell of its own.
            function rows(folded, y, matrix, cells, result, size) -> all {
                all := folded
                for { let end := add(result, size) } lt(result, end) { result := add(result, 0x20) }
                {
                    all := addmod(
                        mulmod(all, y, R),
                        add(dot(matrix, cells), sub(R, mload(result))),
                        R
                    )
                    matrix := add(matrix, 0x120)
                }
            }
            let y := mload(Y)

            // The S-boxes' outputs s^2 (w + q).
            for { let i := 0 } lt(i, 0x1c0) { i := add(i, 0x20) } {
                let s := mload(add(S, i))
                let u := add(mload(add(W, i)), mload(add(Q, i)))
                mstore(add(BOXES, i), mulmod(mulmod(s, s, R), u, R))
            }

            let y2 := mulmod(y, y, R)
            let y4 := mulmod(y2, y2, R)
            let y5 := mulmod(y4, y, R)
            let y9 := mulmod(y5, y4, R)
            let inside := mload(INSIDE)
            let folded
            {
                // Arithmetic, with the instance's value.
                let w0 := mload(W)
                let sum := mulmod(mload(INPUTS), mload(add(INVERSES, 0xe0)), R)
                sum := add(sum, mulmod(mload(add(INPUTS, 0x20)), mload(add(INVERSES, 0x100)), R))
                sum := add(sum, mulmod(mload(add(INPUTS, 0x40)), mload(add(INVERSES, 0x120)), R))
                sum := add(sum, mload(C))
                sum := addmod(sum, mulmod(mload(M), mulmod(w0, mload(add(W, 0x20)), R), R), R)
                sum := add(sum, mulmod(mload(N), mulmod(w0, mload(add(W, 0x40)), R), R))
                sum := add(sum, mulmod(mload(Q), w0, R))
                sum := add(sum, mulmod(mload(add(Q, 0x20)), mload(add(W, 0x20)), R))
                sum := add(sum, mulmod(mload(add(Q, 0x40)), mload(add(W, 0x40)), R))
                sum := addmod(sum, mulmod(mload(add(Q, 0x60)), mload(add(W, 0x60)), R), R)
                sum := add(sum, mulmod(mload(add(Q, 0x80)), mload(add(W, 0x80)), R))
                // Bit.
                let bit := mulmod(mload(BOXED), mulmod(w0, add(w0, sub(R, 1)), R), R)
                folded := mulmod(add(mulmod(sum, y, R), bit), add(1, sub(R, inside)), R)
            }
            {
                // Squares.
                let g := mload(BOXED)
                let on := mulmod(mulmod(g, HALF, R), add(3, sub(R, g)), R)
                let all := 0
                for { let i := 0 } lt(i, 0xa0) { i := add(i, 0x20) } {
                    if eq(i, 0x60) { on := mulmod(g, add(2, sub(R, g)), R) }
                    let u := add(mload(add(W, i)), mload(add(Q, i)))
                    let less := mulmod(on, add(1, sub(R, mulmod(u, u, R))), R)
                    let square := add(mload(add(S, i)), sub(R, 1))
                    all := addmod(mulmod(all, y, R), add(square, less), R)
                }
                folded := addmod(mulmod(folded, y5, R), mulmod(inside, all, R), R)
            }
            // What the first row of the MDS matrix gives, for two gates.
            let first := dot(MDS, BOXES)
            {
                // Full rounds: the state two rows below.
                let all := add(first, sub(R, mload(add(W, 0x140))))
                all := rows(all, y, add(MDS, 0x120), BOXES, add(W, 0x160), 0x100)
                let on := mulmod(inside, mload(M), R)
                folded := addmod(mulmod(folded, y9, R), mulmod(on, all, R), R)
            }
            let leaves := mload(LEAVES)
            {
                // The last round.
                let last := add(first, sub(R, mload(add(W, 0x120))))
                let on := mulmod(mulmod(leaves, HALF, R), add(leaves, sub(R, 1)), R)
                folded := addmod(mulmod(folded, y, R), mulmod(on, last, R), R)
            }
            {
                // Entering the partial rounds. The matrix's last row is e0.
                let all := rows(0, y, ENTER, BOXES, add(W, 0x160), 0x100)
                let last := add(mload(BOXES), sub(R, mload(add(W, 0x260))))
                all := addmod(mulmod(all, y, R), last, R)
                let on := mulmod(inside, mload(C), R)
                folded := addmod(mulmod(folded, y9, R), mulmod(on, all, R), R)
            }
            {
                // Five partial rounds, each from the nine cells before.
                let all := 0
                for { let i := 0x20 } lt(i, 0xc0) { i := add(i, 0x20) } {
                    let next := add(dot(LINEAR, add(W, i)), dot(DRIVEN, add(BOXES, i)))
                    next := add(next, sub(R, mload(add(W, add(i, 0x120)))))
                    all := addmod(mulmod(all, y, R), next, R)
                }
                let on := mulmod(inside, mload(N), R)
                folded := addmod(mulmod(folded, y5, R), mulmod(on, all, R), R)
            }
            {
                // Leaving them.
                let all := rows(0, y, EXIT, W, add(W, 0x140), 0x120)
                let on := mulmod(leaves, add(2, sub(R, leaves)), R)
                folded := addmod(mulmod(folded, y9, R), mulmod(on, all, R), R)
            }
            // Ranges.
            let range := mulmod(mload(SCALE), mload(SUM_BEFORE), R)
            range := add(add(range, mload(LIMB)), sub(R, mload(SUM)))
            folded := addmod(mulmod(folded, y, R), mulmod(mload(RANGED), range, R), R)
            mstore(QUOTIENT, folded)
        }
    }

    /// The permutation's and the lookup's constraints go on where the gates ended. Then the sum is divided by
    /// x^n - 1, which gives the quotient's value.
    function _arguments() internal pure {
        assembly ("memory-safe") {
            // left and right times (column + beta sigma + gamma) and (column + beta x delta^i + gamma).
            function product(left, right, column, sigma, coset) -> l, r {
                let value := add(mload(column), mload(GAMMA))
                l := mulmod(left, add(value, mulmod(mload(BETA), mload(sigma), R)), R)
                r := mulmod(right, add(value, coset), R)
            }
            let y := mload(Y)
            let folded := mload(QUOTIENT)
            let first := mload(add(INVERSES, 0xe0))
            let last := mload(INVERSES)
            // One where neither the last row nor the random ones after it are.
            let active := last
            for { let i := 0x20 } lt(i, 0xe0) { i := add(i, 0x20) } {
                active := addmod(active, mload(add(INVERSES, i)), R)
            }
            active := add(1, sub(R, active))

            let z := mload(Z0)
            folded := addmod(mulmod(folded, y, R), mulmod(first, add(1, sub(R, z)), R), R)
            z := mload(Z1)
            folded := addmod(
                mulmod(folded, y, R),
                mulmod(last, mulmod(z, add(z, sub(R, 1)), R), R),
                R
            )
            folded := addmod(
                mulmod(folded, y, R),
                mulmod(first, add(z, sub(R, mload(Z0_LAST))), R),
                R
            )
            let coset := mulmod(mload(BETA), mload(X), R)
            {
                let left := mload(Z0_NEXT)
                let right := mload(Z0)
                left, right := product(left, right, W, SIGMAS, coset)
                coset := mulmod(coset, DELTA, R)
                left, right := product(left, right, add(W, 0x20), add(SIGMAS, 0x20), coset)
                coset := mulmod(coset, DELTA, R)
                left, right := product(left, right, add(W, 0x40), add(SIGMAS, 0x40), coset)
                coset := mulmod(coset, DELTA, R)
                folded := addmod(
                    mulmod(folded, y, R),
                    mulmod(active, add(left, sub(R, right)), R),
                    R
                )
            }
            {
                let left := mload(Z1_NEXT)
                let right := z
                left, right := product(left, right, add(W, 0x60), add(SIGMAS, 0x60), coset)
                coset := mulmod(coset, DELTA, R)
                left, right := product(left, right, add(W, 0x80), add(SIGMAS, 0x80), coset)
                coset := mulmod(coset, DELTA, R)
                left, right := product(left, right, SUM, add(SIGMAS, 0xa0), coset)
                folded := addmod(
                    mulmod(folded, y, R),
                    mulmod(active, add(left, sub(R, right)), R),
                    R
                )
            }

            z := mload(LOOKUP)
            folded := addmod(mulmod(folded, y, R), mulmod(first, add(1, sub(R, z)), R), R)
            folded := addmod(
                mulmod(folded, y, R),
                mulmod(last, mulmod(z, add(z, sub(R, 1)), R), R),
                R
            )
            let input := mload(INPUT)
            let table := mload(PERMUTED_TABLE)
            {
                let left := mulmod(mload(LOOKUP_NEXT), add(input, mload(BETA)), R)
                left := mulmod(left, add(table, mload(GAMMA)), R)
                let right := mulmod(z, add(mload(LIMB), mload(BETA)), R)
                right := mulmod(right, add(mload(TABLE), mload(GAMMA)), R)
                folded := addmod(
                    mulmod(folded, y, R),
                    mulmod(active, add(left, sub(R, right)), R),
                    R
                )
            }
            table := add(input, sub(R, table))
            folded := addmod(mulmod(folded, y, R), mulmod(first, table, R), R)
            input := add(input, sub(R, mload(INPUT_BEFORE)))
            folded := addmod(mulmod(folded, y, R), mulmod(active, mulmod(table, input, R), R), R)
            mstore(QUOTIENT, mulmod(folded, mload(XN_LESS_ONE), R))
        }
    }
}
