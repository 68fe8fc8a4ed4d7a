// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// The check of a proof of Meed's halo2 circuit: PLONK with custom gates, a lookup and KZG commitments over
/// BN254, opened by SHPLONK (Boneh, Drake, Fisch, Gabizon, "Efficient polynomial commitment schemes for
/// multiple points and polynomials", 2020, section 4). The protocol is that of `halo2-axiom` 0.5.3 with
/// Keccak challenges; the circuit's gates stand in `circuits/halo2/src/config.rs`.
///
/// All that is computed with lies in memory at fixed places, from the constants of the circuit and the key
/// (`MeedHalo2Verifier` puts them into the code of a contract of their own) to the proof: places cost less
/// than pointers, and the transcript's parts follow each other as they are hashed. `_load` claims that
/// memory. All numbers but coordinates are below R when they are stored.
abstract contract Halo2Check {
    /// An input is not below the order of the scalar field: `x` and `x + r` would verify alike.
    error InputNotCanonical();
    /// A proof has 24 points and 79 scalars, 4,064 bytes.
    error ProofLength(uint256 expected, uint256 got);
    /// The proof is not good for these inputs, or a part of it is malformed: a point off the curve or the
    /// identity, a number that is out of range.
    error ProofInvalid();

    /// Order of the scalar field.
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Order of the base field.
    uint256 internal constant P =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// The standard generator of G2.
    uint256 internal constant G2_X1 =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 internal constant G2_X0 =
        10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 internal constant G2_Y1 =
        4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 internal constant G2_Y0 =
        8495653923123431417604973247489272438418190587263600148770280649306958101930;
    /// 1 / 2.
    uint256 private constant HALF =
        10944121435919637611123202872628637544274182200208017171849102093287904247809;
    /// Generator of the cosets that tell the columns of the permutation apart.
    uint256 private constant DELTA =
        0x09226b6e22c6f0ca64ec26aad4c86e715b5f898e5e963f25870e56bbe533e9a2;

    /// Bytes of a proof.
    uint256 internal constant PROOF_BYTES = 4_064;

    // What is loaded, and where: `IMAGE_BYTES` of the constants' contract, the inputs, the proof.
    uint256 private constant IMAGE = 0xa40;
    uint256 internal constant IMAGE_BYTES = 0x29c0;
    // The circuit's matrices: full rounds, entering the partial rounds, their recurrence, leaving them.
    uint256 private constant MDS = 0xa40;
    uint256 private constant ENTER = 0x1460;
    uint256 private constant LINEAR = 0x1d60;
    uint256 private constant DRIVEN = 0x1e80;
    uint256 private constant EXIT = 0x1fa0;
    // Commitments: 14 fixed columns, 6 columns of the permutation.
    uint256 private constant FIXED_POINTS = 0x29c0;
    uint256 private constant SIGMA_LAST_POINT = 0x2e80;
    // omega^-7 to omega^3; the first ten of them over n.
    uint256 private constant OMEGAS = 0x2ec0;
    uint256 private constant WEIGHTS = 0x3020;
    // For each set of rotations but {0} the denominators of its Lagrange polynomials, see `Halo2Domain`.
    uint256 private constant SPREADS = 0x3160;
    // [tau]G2, and the binary logarithm of n.
    uint256 private constant TAU = 0x3320;
    uint256 private constant SIZE = 0x33a0;
    // Here the transcript begins: the key's id, the library's name for the key, the inputs, the proof.
    uint256 private constant KEY_ID = 0x33c0;
    uint256 private constant INPUTS = 0x3400;

    // The proof's points: w0 to w4, limb, sum, s0 to s4; the lookup's permuted input and table; products
    // of the permutation (two) and of the lookup; the random polynomial; the quotient's four pieces.
    uint256 private constant PROOF = 0x3460;
    uint256 private constant W_POINTS = 0x3460;
    uint256 private constant LIMB_POINT = 0x35a0;
    uint256 private constant SUM_POINT = 0x35e0;
    uint256 private constant S_POINTS = 0x3620;
    uint256 private constant INPUT_POINT = 0x3760;
    uint256 private constant PERMUTED_TABLE_POINT = 0x37a0;
    uint256 private constant Z0_POINT = 0x37e0;
    uint256 private constant Z1_POINT = 0x3820;
    uint256 private constant LOOKUP_POINT = 0x3860;
    uint256 private constant RANDOM_POINT = 0x38a0;
    uint256 private constant PIECES = 0x38e0;
    // The proof's evaluations. w at rotations 0 to 3, s and q at 0 to 2: five columns each.
    uint256 private constant EVALS = 0x39e0;
    uint256 private constant W = 0x39e0;
    uint256 private constant S = 0x3c60;
    uint256 private constant LIMB = 0x3e40;
    uint256 private constant SUM_BEFORE = 0x3e60;
    uint256 private constant SUM = 0x3e80;
    uint256 private constant Q = 0x3ea0;
    uint256 private constant M = 0x4080;
    uint256 private constant N = 0x40a0;
    uint256 private constant C = 0x40c0;
    uint256 private constant INSIDE = 0x40e0;
    uint256 private constant BOXED = 0x4100;
    uint256 private constant LEAVES = 0x4120;
    uint256 private constant RANGED = 0x4140;
    uint256 private constant SCALE = 0x4160;
    uint256 private constant TABLE = 0x4180;
    uint256 private constant RANDOM = 0x41a0;
    uint256 private constant SIGMAS = 0x41c0;
    uint256 private constant Z0 = 0x4280;
    uint256 private constant Z0_NEXT = 0x42a0;
    uint256 private constant Z0_LAST = 0x42c0;
    uint256 private constant Z1 = 0x42e0;
    uint256 private constant Z1_NEXT = 0x4300;
    uint256 private constant LOOKUP = 0x4320;
    uint256 private constant LOOKUP_NEXT = 0x4340;
    uint256 private constant INPUT = 0x4360;
    uint256 private constant INPUT_BEFORE = 0x4380;
    uint256 private constant PERMUTED_TABLE = 0x43a0;
    // Points again, SHPLONK's.
    uint256 private constant H1 = 0x43c0;
    uint256 private constant H2 = 0x4400;

    // What is computed. Challenges: those of halo2 (theta is not needed: the lookup has one column), then
    // SHPLONK's y (here: eta), v and u. x^n.
    uint256 private constant BETA = 0x4440;
    uint256 private constant GAMMA = 0x4460;
    uint256 private constant Y = 0x4480;
    uint256 private constant X = 0x44a0;
    uint256 private constant ETA = 0x44c0;
    uint256 private constant V = 0x44e0;
    uint256 private constant U = 0x4500;
    uint256 private constant XN = 0x4520;
    // Inverses: of x - omega^i for i from -7 to 2, of x^n - 1, of (u - x/omega)(u - x omega^-7), of x.
    uint256 private constant INVERSES = 0x4540;
    uint256 private constant XN_LESS_ONE = 0x4680;
    uint256 private constant OUTER_GAP = 0x46a0;
    uint256 private constant X_INVERSE = 0x46c0;
    uint256 private constant PRODUCTS = 0x46e0;
    // S-boxes of the first 14 cells.
    uint256 private constant BOXES = 0x4880;
    // u less x omega^i for i = -1, 0, 1, 2, 3, -7.
    uint256 private constant GAP_BEFORE = 0x4a40;
    uint256 private constant GAP0 = 0x4a60;
    uint256 private constant GAP1 = 0x4a80;
    uint256 private constant GAP2 = 0x4aa0;
    uint256 private constant GAP3 = 0x4ac0;
    uint256 private constant GAP_LAST = 0x4ae0;
    // The quotient's value at x.
    uint256 private constant QUOTIENT = 0x4b00;
    // What the sets of rotations are multiplied by, but the first; the constant; what h1 is multiplied by.
    uint256 private constant SCALES = 0x4b20;
    uint256 private constant CONSTANT = 0x4bc0;
    uint256 private constant VANISHING = 0x4be0;
    // For precompiles: an exponentiation; a point and a number; two points; the quotient's commitment.
    uint256 private constant POWER = 0x4c00;
    uint256 private constant FOLD = 0x4cc0;
    uint256 private constant PAIR = 0x4d20;
    uint256 private constant WHOLE = 0x4da0;
    // The pairing's two pairs. The first half of the second is where terms are added up.
    uint256 private constant PAIRING = 0x4de0;
    uint256 private constant TOTAL = 0x4ea0;
    uint256 private constant END = 0x4f60;

    /// Returns if the proof is good for the inputs, else reverts. `image` is the contract with the constants.
    function _checkProof(address image, bytes calldata proof, uint256[3] calldata inputs) internal view {
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
        private
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
    /// put for a moment in front of what was written.
    function _squeeze() private pure {
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
        }
    }

    /// x^n, the gaps, and all inverses with one exponentiation. Returns false if something has no inverse: a
    /// challenge hit a point where it must not lie, which an honest prover never meets.
    function _invert() private view returns (bool ok) {
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

    /// The gates' values, folded by powers of y, in the circuit's order. Of each gate the constraints are
    /// folded first and multiplied by the switch once.
    function _gates() private pure {
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
                for { let end := add(result, size) } lt(result, end) { result := add(result, 0x20) } {
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
            {
                // Full rounds: the state two rows below.
                let all := rows(0, y, MDS, BOXES, add(W, 0x140), 0x120)
                let on := mulmod(inside, mload(M), R)
                folded := addmod(mulmod(folded, y9, R), mulmod(on, all, R), R)
            }
            let leaves := mload(LEAVES)
            {
                // The last round.
                let last := add(dot(MDS, BOXES), sub(R, mload(add(W, 0x120))))
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
    function _arguments() private pure {
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
                mulmod(folded, y, R), mulmod(last, mulmod(z, add(z, sub(R, 1)), R), R), R
            )
            folded := addmod(
                mulmod(folded, y, R), mulmod(first, add(z, sub(R, mload(Z0_LAST))), R), R
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
                    mulmod(folded, y, R), mulmod(active, add(left, sub(R, right)), R), R
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
                    mulmod(folded, y, R), mulmod(active, add(left, sub(R, right)), R), R
                )
            }

            z := mload(LOOKUP)
            folded := addmod(mulmod(folded, y, R), mulmod(first, add(1, sub(R, z)), R), R)
            folded := addmod(
                mulmod(folded, y, R), mulmod(last, mulmod(z, add(z, sub(R, 1)), R), R), R
            )
            let input := mload(INPUT)
            let table := mload(PERMUTED_TABLE)
            {
                let left := mulmod(mload(LOOKUP_NEXT), add(input, mload(BETA)), R)
                left := mulmod(left, add(table, mload(GAMMA)), R)
                let right := mulmod(z, add(mload(LIMB), mload(BETA)), R)
                right := mulmod(right, add(mload(TABLE), mload(GAMMA)), R)
                folded := addmod(
                    mulmod(folded, y, R), mulmod(active, add(left, sub(R, right)), R), R
                )
            }
            table := add(input, sub(R, table))
            folded := addmod(mulmod(folded, y, R), mulmod(first, table, R), R)
            input := add(input, sub(R, mload(INPUT_BEFORE)))
            folded := addmod(
                mulmod(folded, y, R), mulmod(active, mulmod(table, input, R), R), R
            )
            mstore(QUOTIENT, mulmod(folded, mload(XN_LESS_ONE), R))
        }
    }

    /// SHPLONK's numbers. Commitments are opened at six points, in sets: w {0, 1, 2, 3}; s and q {0, 1, 2};
    /// limb, permuted table, other fixed columns, sigmas, quotient and random {0}; sum and permuted input
    /// {-1, 0}; the permutation's first product {0, 1, -7}; its second and the lookup's {0, 1}. Set i is
    /// multiplied by v^i and by u's distance from the points that are not in it, over the same of set 0.
    function _open() private pure {
        assembly ("memory-safe") {
            // Folds words by powers of eta, from `top` down to `bottom`.
            function fold(folded, bottom, top) -> all {
                all := folded
                let eta := mload(ETA)
                for {} iszero(lt(top, bottom)) { top := sub(top, 0x20) } {
                    all := addmod(mulmod(all, eta, R), mload(top), R)
                }
            }
            // a + eta b, times a Lagrange polynomial's numerator and its denominator.
            function two(a, b, numerator, spread) -> value {
                value := addmod(mload(a), mulmod(mload(ETA), mload(b), R), R)
                value := mulmod(value, mulmod(numerator, mload(spread), R), R)
            }
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
                let f := fold(0, W, add(W, 0x80))
                let sum := mulmod(f, mulmod(mulmod(gap1, high, R), mload(SPREADS), R), R)
                f := fold(0, add(W, 0xa0), add(W, 0x120))
                let weight := mulmod(mulmod(gap0, high, R), mload(add(SPREADS, 0x20)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := fold(0, add(W, 0x140), add(W, 0x1c0))
                weight := mulmod(mulmod(low, gap3, R), mload(add(SPREADS, 0x40)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := fold(0, add(W, 0x1e0), add(W, 0x260))
                weight := mulmod(mulmod(low, gap2, R), mload(add(SPREADS, 0x60)), R)
                sum := add(sum, mulmod(f, weight, R))
                constant := mulmod(sum, mulmod(inverse2, inverse, R), R)
            }
            let power := mload(V)
            {
                // Set 1.
                let f := fold(fold(0, Q, add(Q, 0x80)), S, add(S, 0x80))
                let weight := mulmod(mulmod(gap1, gap2, R), mload(add(SPREADS, 0x80)), R)
                let sum := mulmod(f, weight, R)
                f := fold(fold(0, add(Q, 0xa0), add(Q, 0x120)), add(S, 0xa0), add(S, 0x120))
                weight := mulmod(mulmod(gap0, gap2, R), mload(add(SPREADS, 0xa0)), R)
                sum := add(sum, mulmod(f, weight, R))
                f := fold(fold(0, add(Q, 0x140), add(Q, 0x1c0)), add(S, 0x140), add(S, 0x1c0))
                weight := mulmod(mulmod(gap0, gap1, R), mload(add(SPREADS, 0xc0)), R)
                sum := mulmod(add(sum, mulmod(f, weight, R)), inverse2, R)
                let scale := mulmod(power, mload(GAP3), R)
                mstore(SCALES, scale)
                constant := add(constant, mulmod(scale, sum, R))
            }
            // The gaps that all others but the fifth lack, over the first's.
            let far := mulmod(gap2, mload(GAP3), R)
            {
                // Set 2.
                power := mulmod(power, mload(V), R)
                let f := fold(mload(RANDOM), QUOTIENT, QUOTIENT)
                f := fold(f, SIGMAS, add(SIGMAS, 0xa0))
                f := fold(f, M, TABLE)
                f := fold(fold(f, PERMUTED_TABLE, PERMUTED_TABLE), LIMB, LIMB)
                let scale := mulmod(power, mulmod(gap1, far, R), R)
                mstore(add(SCALES, 0x20), scale)
                constant := add(constant, mulmod(scale, f, R))
            }
            {
                // Set 3. 1 / before is the outer gap's inverse times the other factor.
                power := mulmod(power, mload(V), R)
                let sum := two(SUM_BEFORE, INPUT_BEFORE, gap0, add(SPREADS, 0xe0))
                sum := add(sum, two(SUM, INPUT, before, add(SPREADS, 0x100)))
                sum := mulmod(sum, inverse, R)
                let scale := mulmod(power, mulmod(gap1, far, R), R)
                scale := mulmod(scale, mulmod(mload(OUTER_GAP), mload(GAP_LAST), R), R)
                mstore(add(SCALES, 0x40), scale)
                constant := addmod(constant, mulmod(scale, sum, R), R)
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
    function _combine() private view {
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
            start(add(FIXED_POINTS, 0x100))
            steps(FIXED_POINTS, add(FIXED_POINTS, 0xc0))
            steps(S_POINTS, add(S_POINTS, 0x100))
            term(mload(SCALES))
            // Set 2.
            start(RANDOM_POINT)
            step(WHOLE)
            steps(add(FIXED_POINTS, 0x140), SIGMA_LAST_POINT)
            step(PERMUTED_TABLE_POINT)
            step(LIMB_POINT)
            term(mload(add(SCALES, 0x20)))
            // Set 3.
            start(INPUT_POINT)
            step(SUM_POINT)
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
    function _pairs() private view returns (bool ok) {
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
