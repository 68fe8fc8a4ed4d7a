// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// Where the numbers of a halo2 proof's check lie in memory, and the constants that its parts share.
///
/// All that is computed with lies in memory at fixed places, from the constants of the circuit and the key
/// (`MeedHalo2Verifier` puts them into the code of a contract of their own) to the proof: places cost less
/// than pointers, and the transcript's parts follow each other as they are hashed. `Halo2Check` claims that
/// memory. All numbers but coordinates are below R when they are stored.
abstract contract Halo2Layout {
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
    uint256 internal constant HALF =
        10944121435919637611123202872628637544274182200208017171849102093287904247809;
    /// Generator of the cosets that tell the columns of the permutation apart.
    uint256 internal constant DELTA =
        0x09226b6e22c6f0ca64ec26aad4c86e715b5f898e5e963f25870e56bbe533e9a2;

    /// Bytes of a proof.
    uint256 internal constant PROOF_BYTES = 4_064;

    // Below, the compiler keeps what does not fit the stack.
    // What is loaded, and where: `IMAGE_BYTES` of the constants' contract, the inputs, the proof.
    uint256 internal constant IMAGE = 0xa40;
    uint256 internal constant IMAGE_BYTES = 0x29c0;
    // The circuit's matrices: full rounds, entering the partial rounds, their recurrence, leaving them.
    uint256 internal constant MDS = 0xa40;
    uint256 internal constant ENTER = 0x1460;
    uint256 internal constant LINEAR = 0x1d60;
    uint256 internal constant DRIVEN = 0x1e80;
    uint256 internal constant EXIT = 0x1fa0;
    // Commitments: 14 fixed columns, 6 columns of the permutation.
    uint256 internal constant FIXED_POINTS = 0x29c0;
    uint256 internal constant SIGMA_LAST_POINT = 0x2e80;
    // omega^-7 to omega^3; the first ten of them over n.
    uint256 internal constant OMEGAS = 0x2ec0;
    uint256 internal constant WEIGHTS = 0x3020;
    // For each set of rotations but {0} the denominators of its Lagrange polynomials, see `Halo2Domain`.
    uint256 internal constant SPREADS = 0x3160;
    // [tau]G2, and the binary logarithm of n.
    uint256 internal constant TAU = 0x3320;
    uint256 internal constant SIZE = 0x33a0;
    // Here the transcript begins: the key's id, the library's name for the key, the inputs, the proof.
    uint256 internal constant KEY_ID = 0x33c0;
    uint256 internal constant INPUTS = 0x3400;

    // The proof's points: w0 to w4, limb, sum, s0 to s4; the lookup's permuted input and table; products
    // of the permutation (two) and of the lookup; the random polynomial; the quotient's four pieces.
    uint256 internal constant PROOF = 0x3460;
    uint256 internal constant W_POINTS = 0x3460;
    uint256 internal constant LIMB_POINT = 0x35a0;
    uint256 internal constant SUM_POINT = 0x35e0;
    uint256 internal constant S_POINTS = 0x3620;
    uint256 internal constant INPUT_POINT = 0x3760;
    uint256 internal constant PERMUTED_TABLE_POINT = 0x37a0;
    uint256 internal constant Z0_POINT = 0x37e0;
    uint256 internal constant Z1_POINT = 0x3820;
    uint256 internal constant LOOKUP_POINT = 0x3860;
    uint256 internal constant RANDOM_POINT = 0x38a0;
    uint256 internal constant PIECES = 0x38e0;
    // The proof's evaluations. w at rotations 0 to 3, s and q at 0 to 2: five columns each.
    uint256 internal constant EVALS = 0x39e0;
    uint256 internal constant W = 0x39e0;
    uint256 internal constant S = 0x3c60;
    uint256 internal constant LIMB = 0x3e40;
    uint256 internal constant SUM_BEFORE = 0x3e60;
    uint256 internal constant SUM = 0x3e80;
    uint256 internal constant Q = 0x3ea0;
    uint256 internal constant M = 0x4080;
    uint256 internal constant N = 0x40a0;
    uint256 internal constant C = 0x40c0;
    uint256 internal constant INSIDE = 0x40e0;
    uint256 internal constant BOXED = 0x4100;
    uint256 internal constant LEAVES = 0x4120;
    uint256 internal constant RANGED = 0x4140;
    uint256 internal constant SCALE = 0x4160;
    uint256 internal constant TABLE = 0x4180;
    uint256 internal constant RANDOM = 0x41a0;
    uint256 internal constant SIGMAS = 0x41c0;
    uint256 internal constant Z0 = 0x4280;
    uint256 internal constant Z0_NEXT = 0x42a0;
    uint256 internal constant Z0_LAST = 0x42c0;
    uint256 internal constant Z1 = 0x42e0;
    uint256 internal constant Z1_NEXT = 0x4300;
    uint256 internal constant LOOKUP = 0x4320;
    uint256 internal constant LOOKUP_NEXT = 0x4340;
    uint256 internal constant INPUT = 0x4360;
    uint256 internal constant INPUT_BEFORE = 0x4380;
    uint256 internal constant PERMUTED_TABLE = 0x43a0;
    // Points again, SHPLONK's.
    uint256 internal constant H1 = 0x43c0;
    uint256 internal constant H2 = 0x4400;

    // What is computed. Challenges: those of halo2 (theta is not needed: the lookup has one column), then
    // SHPLONK's y (here: eta), v and u. x^n.
    uint256 internal constant BETA = 0x4440;
    uint256 internal constant GAMMA = 0x4460;
    uint256 internal constant Y = 0x4480;
    uint256 internal constant X = 0x44a0;
    uint256 internal constant ETA = 0x44c0;
    uint256 internal constant V = 0x44e0;
    uint256 internal constant U = 0x4500;
    uint256 internal constant XN = 0x4520;
    // Inverses: of x - omega^i for i from -7 to 2, of x^n - 1, of (u - x/omega)(u - x omega^-7), of x.
    uint256 internal constant INVERSES = 0x4540;
    uint256 internal constant XN_LESS_ONE = 0x4680;
    uint256 internal constant OUTER_GAP = 0x46a0;
    uint256 internal constant X_INVERSE = 0x46c0;
    uint256 internal constant PRODUCTS = 0x46e0;
    // S-boxes of the first 14 cells.
    uint256 internal constant BOXES = 0x4880;
    // u less x omega^i for i = -1, 0, 1, 2, 3, -7.
    uint256 internal constant GAP_BEFORE = 0x4a40;
    uint256 internal constant GAP0 = 0x4a60;
    uint256 internal constant GAP1 = 0x4a80;
    uint256 internal constant GAP2 = 0x4aa0;
    uint256 internal constant GAP3 = 0x4ac0;
    uint256 internal constant GAP_LAST = 0x4ae0;
    // The quotient's value at x.
    uint256 internal constant QUOTIENT = 0x4b00;
    // What the sets of rotations are multiplied by, but the first; the constant; what h1 is multiplied by.
    uint256 internal constant SCALES = 0x4b20;
    uint256 internal constant CONSTANT = 0x4bc0;
    uint256 internal constant VANISHING = 0x4be0;
    // For precompiles: an exponentiation; a point and a number; two points; the quotient's commitment.
    uint256 internal constant POWER = 0x4c00;
    uint256 internal constant FOLD = 0x4cc0;
    uint256 internal constant PAIR = 0x4d20;
    uint256 internal constant WHOLE = 0x4da0;
    // The pairing's two pairs. The first half of the second is where terms are added up.
    uint256 internal constant PAIRING = 0x4de0;
    uint256 internal constant TOTAL = 0x4ea0;
    uint256 internal constant END = 0x4f60;
}
