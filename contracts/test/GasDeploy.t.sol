// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IMeedVerifier} from "../src/IMeedVerifier.sol";
import {GasMeter} from "./GasMeter.sol";
import {Trapdoor} from "./Trapdoor.sol";
import {vm} from "./Vm.sol";

interface Cool {
    function cool(address account) external;
}

/// What deployments cost. Not in isolated mode, where forge does not tell what a creation used: a creation
/// inside a contract costs what its transaction costs beyond 21,000 and the calldata.
contract GasDeployTest is GasMeter {
    function test_deploy() external {
        deployment("MeedVerifier", abi.encode(Trapdoor.key()));
        string memory file = vm.readFile("test/data/halo2.json");
        deployment("MeedHalo2Verifier", abi.encodePacked(vm.parseJsonUintArray(file, ".S.key")));
        uint256[] memory numbers = new uint256[](1);
        IMeedVerifier[] memory verifiers = new IMeedVerifier[](1);
        (numbers[0], verifiers[0]) = (CIRCUIT, verifier);
        Cool(address(vm)).cool(address(verifier));
        deployment("MeedSettlement", abi.encode(setup(token), numbers, verifiers));
    }

    function deployment(string memory what, bytes memory arguments) private {
        bytes memory code = bytes.concat(creationCode(what), arguments);
        uint256 used = 21_000 + 4 * zeroBytes(code) + 16 * (code.length - zeroBytes(code));
        address made;
        assembly ("memory-safe") {
            let size := mload(code)
            let before := gas()
            made := create(0, add(code, 0x20), size)
            used := add(used, sub(before, gas()))
        }
        vm.assertTrue(made != address(0));
        record(string.concat("deploy ", what), used, code);
    }
}
