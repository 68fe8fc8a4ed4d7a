// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Check} from "./Halo2Check.sol";
import {Halo2Domain} from "./Halo2Domain.sol";
import {HALO2_TABLES} from "./Halo2Tables.sol";
import {IMeedVerifier} from "./IMeedVerifier.sol";

/// Proofs of Meed's halo2 circuit, whose only secret set-up is the powers of tau that many circuits share.
/// One source for all shapes: the key says how many rows there are.
///
/// Such a proof does not fit the eight words of `verify`. So this is a registry of facts: anyone shows a proof
/// to `prove`, which writes down that the inputs are proved; `verify` asks whether they are. A fact is about
/// `h`, `alpha` and `y` under this contract's key, and `alpha` binds them to one settlement on one chain: it
/// does not matter who proved it, or when.
///
/// The key is given to the constructor and checked there. It becomes, with the circuit's constants, the code of
/// a contract that the constructor creates: that is cheap to read at once, and never changes.
contract MeedHalo2Verifier is IMeedVerifier, Halo2Check {
    /// No proof was shown for these inputs.
    error NotProved();
    /// The words of a proof that is shown elsewhere are zero: one way to write it.
    error ProofWordNotZero(uint256 position);
    /// The constructor's key is of another version.
    error KeyVersion(uint256 expected, uint256 got);
    /// The constructor's key is for 2^k rows, which no circuit has.
    error KeySize(uint256 least, uint256 most, uint256 got);
    /// The library's name for the key is not below the order of the scalar field.
    error KeyNotCanonical();
    /// The constructor's key has a coordinate out of range, a point off its curve or subgroup, or an
    /// identity. The position is that of the point in the key: 14 fixed columns, 6 columns of the
    /// permutation, [tau]G2.
    error KeyPointInvalid(uint256 position);
    /// tau is 1 or -1: what powers of tau are when nobody contributed.
    error KeyDegenerate();
    /// The contract with the constants could not be created, or has other code than the constructor gave it.
    error ImageNotCreated();

    /// These inputs are proved from here on. A fact is announced once.
    event Proved(bytes32 indexed fact, uint256 h, uint256 alpha, uint256 y);

    /// Words of a key.
    uint256 internal constant KEY_WORDS = 47;
    /// The version of keys and proofs.
    uint256 private constant KEY_VERSION = 1;
    /// Points of G1 in a key. Their first word is the fourth.
    uint256 private constant KEY_POINTS = 20;
    uint256 private constant FIRST_POINT = 3;
    uint256 private constant TAU_WORD = 43;
    /// Fewer rows than 2^4 cannot hold the random ones at the end; the quotient needs 4 n values on the curve's
    /// 2^28.
    uint256 private constant LEAST_SIZE = 4;
    uint256 private constant MOST_SIZE = 26;

    /// `keccak256("meed.halo2.vk.v1" | key)` with the key's magic: its name in Meed's bundles and tools.
    bytes32 public immutable keyId;
    /// @inheritdoc IMeedVerifier
    bool public immutable insecure;
    /// Hash of the code of `image`. With it the key is part of this contract's own code, and verifiers of one
    /// key have one code, wherever they are.
    bytes32 public immutable imageHash;

    /// Whether a proof was shown for inputs with this `keccak256(h | alpha | y)`.
    mapping(bytes32 fact => bool) public proved;

    /// @param key a verifying key without its magic, as words: version, k, the library's name for the key, 14
    /// and 6 points of G1, [tau]G2, points as EIP-197 lays them out.
    constructor(uint256[KEY_WORDS] memory key) {
        _checkKey(key);
        keyId = keccak256(abi.encodePacked("meed.halo2.vk.v1", hex"ff", "meedh2k", key));
        // The local development set-up has a published tau. The same x is the negative's, as well known.
        insecure = key[TAU_WORD]
                == 0x0e19825c7112a028842e4e42477ece92649c2244d6466caf9e964614a352bb1b
            && key[TAU_WORD + 1]
                == 0x1c18c0a39d33c98ee0e10ca8662eb6382ec567a9f04376293c212e6bf78b492c;
        address made = _createImage(key, keyId);
        assert(made == image());
        imageHash = made.codehash;
    }

    /// The contract whose code is the circuit's and the key's constants: the first that this one created. Its
    /// address is the hash of this one's and 1 in RLP.
    function image() public view returns (address) {
        bytes32 hash = keccak256(abi.encodePacked(hex"d694", this, hex"01"));
        return address(uint160(uint256(hash)));
    }

    /// Checks a proof and writes the fact down. Anyone may call; a known fact costs little and its proof is
    /// not looked at.
    /// @param proof 24 points and 79 scalars as they were written, without the magic.
    function prove(bytes calldata proof, uint256[3] calldata inputs) external {
        bytes32 fact = factOf(inputs);
        if (proved[fact]) return;
        _checkProof(_image(), proof, inputs);
        proved[fact] = true;
        emit Proved(fact, inputs[0], inputs[1], inputs[2]);
    }

    /// Reverts unless the proof is good for the inputs. Writes nothing.
    function check(bytes calldata proof, uint256[3] calldata inputs) external view {
        _checkProof(_image(), proof, inputs);
    }

    /// Reverts unless the inputs were proved.
    /// @param proof zeros.
    function verify(uint256[8] calldata proof, uint256[3] calldata inputs) external view {
        for (uint256 i; i < 8; ++i) {
            if (proof[i] != 0) revert ProofWordNotZero(i);
        }
        if (!proved[factOf(inputs)]) revert NotProved();
    }

    /// The name of a fact. Inputs that are not reduced have a name, too, but are never proved.
    function factOf(uint256[3] calldata inputs) public pure returns (bytes32 fact) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, inputs, 0x60)
            fact := keccak256(free, 0x60)
        }
    }

    /// The image, with the code that the constructor gave it: whoever compares this contract's code has
    /// compared the constants, too.
    function _image() private view returns (address found) {
        found = image();
        if (found.codehash != imageHash) revert ImageNotCreated();
    }

    /// The constants as `Halo2Check` finds them, after an opcode that stops whoever calls.
    function _createImage(uint256[KEY_WORDS] memory key, bytes32 id)
        private
        returns (address made)
    {
        uint256[2 * KEY_POINTS] memory points;
        for (uint256 i; i < 2 * KEY_POINTS; ++i) {
            points[i] = key[FIRST_POINT + i];
        }
        uint256[4] memory tau =
            [key[TAU_WORD], key[TAU_WORD + 1], key[TAU_WORD + 2], key[TAU_WORD + 3]];
        bytes memory code = abi.encodePacked(
            hex"00", HALO2_TABLES, points, Halo2Domain.constants(key[1]), tau, key[1], id, key[2]
        );
        assert(code.length == 1 + IMAGE_BYTES);
        // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: 10 bytes, then what is returned.
        code = abi.encodePacked(hex"61", uint16(code.length), hex"80600a5f395ff3", code);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        if (made == address(0)) revert ImageNotCreated();
    }

    /// The same checks as `meed_verifier::halo2::VerifyingKey`.
    function _checkKey(uint256[KEY_WORDS] memory key) private view {
        if (key[0] != KEY_VERSION) revert KeyVersion(KEY_VERSION, key[0]);
        if (key[1] < LEAST_SIZE || key[1] > MOST_SIZE) {
            revert KeySize(LEAST_SIZE, MOST_SIZE, key[1]);
        }
        if (key[2] >= R) revert KeyNotCanonical();
        for (uint256 i; i < KEY_POINTS; ++i) {
            uint256 x = key[FIRST_POINT + 2 * i];
            uint256 y = key[FIRST_POINT + 2 * i + 1];
            // The curve is the group: y^2 = x^3 + 3. The identity (0, 0) is not on it.
            bool on = mulmod(y, y, P) == addmod(mulmod(mulmod(x, x, P), x, P), 3, P);
            if (x >= P || y >= P || !on) revert KeyPointInvalid(i);
        }
        uint256[6] memory pair =
            [uint256(1), 2, key[TAU_WORD], key[TAU_WORD + 1], key[TAU_WORD + 2], key[TAU_WORD + 3]];
        bool identity = (pair[2] | pair[3] | pair[4] | pair[5]) == 0;
        // Paired with a generator: that fails if the point is not in its group. The value does not matter.
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 0x08, pair, 0xc0, 0x00, 0x20)
        }
        if (identity || !ok) revert KeyPointInvalid(KEY_POINTS);
        // The same x means the same point or its negative.
        if (pair[2] == G2_X1 && pair[3] == G2_X0) revert KeyDegenerate();
    }
}
