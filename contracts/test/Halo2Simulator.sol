// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Halo2Check} from "../src/Halo2Check.sol";

/// Makes halo2 proofs of anything under a key whose tau is known, as that of the local set-up is: the tests of
/// attacks do not depend on a proof being hard to make, and settle any epoch.
///
/// All of a proof but its last point can be chosen. The check demands tau h2 = sum + u h2, where the sum does not
/// depend on h2: so h2 = sum / (tau - u). The sum is computed by the check's own code: what that should be, real
/// proofs tell (`Halo2Conformance.t.sol`).
contract Halo2Simulator is Halo2Check {
    /// A proof whose points are multiples of the generator and whose scalars are what they are.
    function proof(uint256 seed) public view returns (bytes memory made) {
        made = new bytes(PROOF_BYTES);
        for (uint256 word; word < 127; ++word) {
            uint256 random = uint256(keccak256(abi.encode("halo2 simulator", seed, word))) % R;
            if (word < 44 || word > 122) {
                if (word & 1 == (word < 44 ? 0 : 1)) {
                    (uint256 x, uint256 y) = multiple(1, 2, random);
                    set(made, word, x);
                    set(made, word + 1, y);
                }
            } else {
                set(made, word, random);
            }
        }
    }

    /// The same with the last point that makes it good for these inputs.
    function close(address image, bytes calldata open, uint256[3] calldata inputs)
        external
        view
        returns (bytes memory closed)
    {
        // h2 = G1 for now.
        bytes memory first = open;
        set(first, 125, 1);
        set(first, 126, 2);
        (uint256 x, uint256 y, uint256 u) = this.sum(image, first, inputs);
        // The sum has u G1 too much.
        (uint256 lessX, uint256 lessY) = multiple(1, P - 2, u);
        (x, y) = add(x, y, lessX, lessY);
        uint256 tau = uint256(keccak256("meed.insecure.tau.v1")) % R;
        (x, y) = multiple(x, y, inverse(addmod(tau, R - u, R)));
        closed = first;
        set(closed, 125, x);
        set(closed, 126, y);
    }

    /// What the check pairs with G2, and the challenge u. In a call of its own: the check has its memory laid out.
    function sum(address image, bytes calldata open, uint256[3] calldata inputs)
        external
        view
        returns (uint256 x, uint256 y, uint256 u)
    {
        _load(image, open, inputs);
        _squeeze();
        _invert();
        _gates();
        _arguments();
        _open();
        _combine();
        assembly ("memory-safe") {
            x := mload(TOTAL)
            y := mload(add(TOTAL, 0x20))
            u := mload(U)
        }
    }

    function set(bytes memory data, uint256 word, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), shl(5, word)), value)
        }
    }

    function inverse(uint256 x) private view returns (uint256) {
        (bool ok, bytes memory out) = address(5).staticcall(abi.encode(32, 32, 32, x, R - 2, R));
        require(ok);
        return abi.decode(out, (uint256));
    }

    function multiple(uint256 x, uint256 y, uint256 k) public view returns (uint256, uint256) {
        (bool ok, bytes memory out) = address(7).staticcall(abi.encode(x, y, k));
        require(ok);
        return abi.decode(out, (uint256, uint256));
    }

    function add(uint256 x, uint256 y, uint256 x2, uint256 y2)
        private
        view
        returns (uint256, uint256)
    {
        (bool ok, bytes memory out) = address(6).staticcall(abi.encode(x, y, x2, y2));
        require(ok);
        return abi.decode(out, (uint256, uint256));
    }
}
