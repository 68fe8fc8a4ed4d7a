// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// What a proof's check needs of the evaluation domain, the powers of omega, a root of unity of order n = 2^k.
library Halo2Domain {
    uint256 private constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// 7^((r - 1) / 2^28), of order 2^28.
    uint256 private constant ROOT =
        0x03ddb9f5166d18b798865ea93dd31f743215cf6dd39329c8d34f1ed960c37c9c;
    /// The binary logarithm of its order.
    uint256 private constant ROOT_SIZE = 28;
    /// Words of `constants`.
    uint256 internal constant WORDS = 35;

    /// omega^-7 to omega^3 (11 words); omega^-7 to omega^2, over n (10); and for the sets of rotations
    /// {0, 1, 2, 3}, {0, 1, 2}, {-1, 0}, {0, 1, -7}, {0, 1}, for each rotation i of a set, the inverse of the product
    /// of omega^i - omega^j over the set's other rotations j (14): the denominators of the Lagrange polynomials on
    /// x omega^i are these without a power of x.
    function constants(uint256 k) internal pure returns (uint256[WORDS] memory words) {
        uint256 omega = ROOT;
        for (uint256 i = k; i < ROOT_SIZE; ++i) {
            omega = mulmod(omega, omega, R);
        }
        uint256 power = _pow(_pow(omega, 7), R - 2);
        uint256 share = _pow(1 << k, R - 2);
        for (uint256 i; i < 11; ++i) {
            words[i] = power;
            if (i < 10) words[11 + i] = mulmod(power, share, R);
            power = mulmod(power, omega, R);
        }
        // Places of the rotations' powers among the words.
        uint8[4][5] memory sets =
            [[7, 8, 9, 10], [7, 8, 9, 0], [6, 7, 0, 0], [7, 8, 0, 0], [7, 8, 0, 0]];
        uint8[5] memory sizes = [4, 3, 2, 3, 2];
        uint256 next = 21;
        for (uint256 s; s < 5; ++s) {
            for (uint256 i; i < sizes[s]; ++i) {
                uint256 product = 1;
                for (uint256 j; j < sizes[s]; ++j) {
                    if (i == j) continue;
                    uint256 difference = R + words[sets[s][i]] - words[sets[s][j]];
                    product = mulmod(product, difference, R);
                }
                words[next++] = _pow(product, R - 2);
            }
        }
    }

    function _pow(uint256 base, uint256 exponent) private pure returns (uint256 power) {
        power = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) power = mulmod(power, base, R);
            base = mulmod(base, base, R);
        }
    }
}
