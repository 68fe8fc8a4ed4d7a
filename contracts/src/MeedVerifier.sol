// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IMeedVerifier} from "./IMeedVerifier.sol";

/// Groth16 over BN254 with three public inputs: Groth, "On the Size of Pairing-based Non-interactive
/// Arguments" (2016), section 3.2. A proof `A, B, C` is good if
/// `e(A, B) = e(alpha, beta) e(IC0 + h IC1 + alpha IC2 + y IC3, gamma) e(C, delta)`.
///
/// The key is given to the constructor, checked there, and becomes part of the code. The precompiles
/// (EIP-196, EIP-197) check that the proof's points are on the curve and in the subgroup. A proof can be
/// re-randomised by anyone: its bytes are no identity.
contract MeedVerifier is IMeedVerifier {
    /// An input is not below the order of the scalar field: `x` and `x + r` would verify alike.
    error InputNotCanonical();
    /// The equation does not hold, or a point is not on its curve.
    error ProofInvalid();
    /// The constructor's key has a coordinate out of range, a point off its curve or subgroup, or an
    /// identity. The position is that of the point in the key: alpha, beta, gamma, delta, IC0 to IC3.
    error KeyPointInvalid(uint256 position);
    /// gamma = delta or gamma = -delta: anyone can forge proofs under such a key. Or alpha, beta or delta
    /// is a generator or its negative: what a set-up leaves when nobody contributed.
    error KeyDegenerate();

    /// Order of the scalar field.
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Order of the base field.
    uint256 internal constant P =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;
    /// The standard generator of G2.
    uint256 private constant G2_X1 =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X0 =
        10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 private constant G2_Y1 =
        4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 private constant G2_Y0 =
        8495653923123431417604973247489272438418190587263600148770280649306958101930;
    /// Words of a key.
    uint256 internal constant KEY_WORDS = 22;

    /// `keccak256("meed.vk.v1" | key)`: the name of the key in Meed's bundles and tools.
    bytes32 public immutable keyId;
    /// @inheritdoc IMeedVerifier
    bool public immutable insecure;

    // beta, gamma and delta are negated, so that the proof's own points go in as they come.
    uint256 private immutable _alphaX;
    uint256 private immutable _alphaY;
    uint256 private immutable _betaX1;
    uint256 private immutable _betaX0;
    uint256 private immutable _betaY1;
    uint256 private immutable _betaY0;
    uint256 private immutable _gammaX1;
    uint256 private immutable _gammaX0;
    uint256 private immutable _gammaY1;
    uint256 private immutable _gammaY0;
    uint256 private immutable _deltaX1;
    uint256 private immutable _deltaX0;
    uint256 private immutable _deltaY1;
    uint256 private immutable _deltaY0;
    uint256 private immutable _ic0X;
    uint256 private immutable _ic0Y;
    uint256 private immutable _ic1X;
    uint256 private immutable _ic1Y;
    uint256 private immutable _ic2X;
    uint256 private immutable _ic2Y;
    uint256 private immutable _ic3X;
    uint256 private immutable _ic3Y;

    /// @param key 704 bytes as words: `alpha, beta, gamma, delta, IC0, IC1, IC2, IC3`, each point as
    /// EIP-197 lays it out.
    constructor(uint256[KEY_WORDS] memory key) {
        _checkKey(key);
        keyId = keccak256(abi.encodePacked("meed.vk.v1", key));
        // The local development set-up fixes alpha to a published multiple of the generator.
        insecure =
            key[0] == 6971639089495331275187327362146714322334711265344357632873026934595644151731;
        _alphaX = key[0];
        _alphaY = key[1];
        _betaX1 = key[2];
        _betaX0 = key[3];
        _betaY1 = P - key[4];
        _betaY0 = P - key[5];
        _gammaX1 = key[6];
        _gammaX0 = key[7];
        _gammaY1 = P - key[8];
        _gammaY0 = P - key[9];
        _deltaX1 = key[10];
        _deltaX0 = key[11];
        _deltaY1 = P - key[12];
        _deltaY0 = P - key[13];
        _ic0X = key[14];
        _ic0Y = key[15];
        _ic1X = key[16];
        _ic1Y = key[17];
        _ic2X = key[18];
        _ic2Y = key[19];
        _ic3X = key[20];
        _ic3Y = key[21];
    }

    /// @inheritdoc IMeedVerifier
    function verify(uint256[8] calldata proof, uint256[3] calldata inputs) external view {
        (uint256 h, uint256 alpha, uint256 y) = (inputs[0], inputs[1], inputs[2]);
        if (h >= R || alpha >= R || y >= R) revert InputNotCanonical();

        // Four pairs of 0xc0 bytes, a point of G1 and one of G2 each:
        // (A, B), (alpha, -beta), (inputs, -gamma), (C, -delta).
        // They lie where free memory begins: nothing was allocated, and a constant place saves additions.
        uint256 pairs = 0x80;
        uint256 sum = pairs + 0x180;
        _storeG1(sum, _ic0X, _ic0Y);
        bool ok = _addProduct(sum, _ic1X, _ic1Y, h);
        ok = _addProduct(sum, _ic2X, _ic2Y, alpha) && ok;
        ok = _addProduct(sum, _ic3X, _ic3Y, y) && ok;

        assembly ("memory-safe") {
            calldatacopy(pairs, proof, 0xc0)
            calldatacopy(add(pairs, 0x240), add(proof, 0xc0), 0x40)
        }
        _storeG1(pairs + 0xc0, _alphaX, _alphaY);
        _storeG2(pairs + 0x100, _betaX1, _betaX0, _betaY1, _betaY0);
        _storeG2(pairs + 0x1c0, _gammaX1, _gammaX0, _gammaY1, _gammaY0);
        _storeG2(pairs + 0x280, _deltaX1, _deltaX0, _deltaY1, _deltaY0);
        assembly ("memory-safe") {
            ok := and(ok, staticcall(gas(), 0x08, pairs, 0x300, 0x00, 0x20))
            ok := and(ok, eq(mload(0x00), 1))
        }
        if (!ok) revert ProofInvalid();
    }

    function _storeG1(uint256 first, uint256 x, uint256 y) private pure {
        assembly ("memory-safe") {
            mstore(first, x)
            mstore(add(first, 0x20), y)
        }
    }

    function _storeG2(uint256 first, uint256 x1, uint256 x0, uint256 y1, uint256 y0) private pure {
        assembly ("memory-safe") {
            mstore(first, x1)
            mstore(add(first, 0x20), x0)
            mstore(add(first, 0x40), y1)
            mstore(add(first, 0x60), y0)
        }
    }

    /// Adds `scalar * (x, y)` to the point of G1 at `sum`, using the 0x60 bytes after it.
    function _addProduct(uint256 sum, uint256 x, uint256 y, uint256 scalar)
        private
        view
        returns (bool ok)
    {
        assembly ("memory-safe") {
            let product := add(sum, 0x40)
            mstore(product, x)
            mstore(add(product, 0x20), y)
            mstore(add(product, 0x40), scalar)
            ok := staticcall(gas(), 0x07, product, 0x60, product, 0x40)
            ok := and(ok, staticcall(gas(), 0x06, sum, 0x80, sum, 0x40))
        }
    }

    /// The same checks as `meed_verifier::VerifyingKey`.
    function _checkKey(uint256[KEY_WORDS] memory key) private view {
        for (uint256 i; i < KEY_WORDS; ++i) {
            if (key[i] >= P) revert KeyPointInvalid(_position(i));
        }
        // Each point is paired with a generator: that fails if the point is not in its group.
        uint256[6] memory pair;
        _checkG1(key, 0, pair);
        for (uint256 first = 2; first < 14; first += 4) {
            _checkG2(key, first, pair);
        }
        for (uint256 first = 14; first < KEY_WORDS; first += 2) {
            _checkG1(key, first, pair);
        }
        bool alpha = key[0] == 1;
        bool beta = _isG2Generator(key, 2);
        bool delta = _isG2Generator(key, 10);
        // The same x means the same point or its negative.
        bool same = key[6] == key[10] && key[7] == key[11];
        if (alpha || beta || delta || same) revert KeyDegenerate();
    }

    /// The point in which the word stands, for errors.
    function _position(uint256 word) private pure returns (uint256) {
        if (word < 2) return 0;
        return word < 14 ? 1 + (word - 2) / 4 : 4 + (word - 14) / 2;
    }

    function _checkG1(uint256[KEY_WORDS] memory key, uint256 first, uint256[6] memory pair)
        private
        view
    {
        (pair[0], pair[1]) = (key[first], key[first + 1]);
        (pair[2], pair[3], pair[4], pair[5]) = (G2_X1, G2_X0, G2_Y1, G2_Y0);
        bool identity = pair[0] == 0 && pair[1] == 0;
        if (identity || !_pairs(pair)) revert KeyPointInvalid(_position(first));
    }

    function _checkG2(uint256[KEY_WORDS] memory key, uint256 first, uint256[6] memory pair)
        private
        view
    {
        (pair[0], pair[1]) = (1, 2);
        for (uint256 i; i < 4; ++i) {
            pair[2 + i] = key[first + i];
        }
        bool identity = (pair[2] | pair[3] | pair[4] | pair[5]) == 0;
        if (identity || !_pairs(pair)) revert KeyPointInvalid(_position(first));
    }

    function _isG2Generator(uint256[KEY_WORDS] memory key, uint256 first)
        private
        pure
        returns (bool)
    {
        return key[first] == G2_X1 && key[first + 1] == G2_X0;
    }

    /// Whether both points are in their groups. The pairing's value does not matter.
    function _pairs(uint256[6] memory pair) private view returns (bool ok) {
        assembly ("memory-safe") {
            ok := staticcall(gas(), 0x08, pair, 0xc0, 0x00, 0x20)
        }
    }
}
