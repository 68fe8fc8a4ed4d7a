// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GasMeter} from "./GasMeter.sol";
import {Halo2Base} from "./Halo2Base.sol";
import {Halo2Simulator} from "./Halo2Simulator.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

/// What proofs of the halo2 circuit cost on chain. The proof is real, of shape S.
/// forge-config: default.isolate = true
contract GasHalo2Test is GasMeter, Halo2Base {
    /// What a check may cost, as execution.
    uint256 private constant MOST_CHECK = 460_000;

    function setUp() public override(Base, Halo2Base) {
        Halo2Base.setUp();
        string memory file = vm.readFile("test/data/halo2.json");
        halo2 = deployHalo2(keyOf(file, "S"));
        proof = abi.encodePacked(vm.parseJsonUintArray(file, ".S.proof"));
        inputs = inputsOf(file, "S");
    }

    function test_check_and_prove() external {
        // Inputs of full size: a short one would cost less.
        for (uint256 i; i < 3; ++i) {
            vm.assertGe(inputs[i], 1 << 245, "a short input");
        }
        bytes memory data = abi.encodeCall(halo2.check, (proof, inputs));
        uint256 cost = send("halo2 check", STRANGER, 0, address(halo2), data);
        uint256 zeros = zeroBytes(data);
        uint256 calldata_ = 4 * zeros + 16 * (data.length - zeros);
        vm.assertLe(cost, MOST_CHECK + 21_000 + calldata_, "check");
        data = abi.encodeCall(halo2.prove, (proof, inputs));
        send("halo2 prove", STRANGER, 0, address(halo2), data);
        vm.assertTrue(halo2.proved(halo2.factOf(inputs)));
        send("halo2 prove, again", STRANGER, 0, address(halo2), data);
        uint256[8] memory zero;
        data = abi.encodeCall(halo2.verify, (zero, inputs));
        send("halo2 verify", STRANGER, 0, address(halo2), data);
    }

    /// An epoch of 1,024 in the encoding that costs least, settled with a fact.
    function test_settle_with_a_fact() external {
        Format memory f = Format("", true, 0, 8, true, 1e18);
        net = networkOf(halo2);
        Halo2Simulator simulator = new Halo2Simulator();
        uint256[] memory pages = addPages(payouts(1024, f.unit, 0));
        for (uint256 e = 1; e <= 2; ++e) {
            uint256 free = freeMemory();
            uint256[] memory l = payouts(1024, f.unit, e);
            fund(total(l) + 10 * f.unit);
            commit(total(l) + 5 * f.unit);
            Job memory j = job(l);
            uint256[3] memory x = inputsOf(j);
            halo2.prove(simulator.close(halo2.image(), simulator.proof(e), x), x);
            bytes memory data = settlementOf(f, j, l, pages);
            string memory name = "halo2 settle 1024, dense, sequential, 8-byte amounts";
            send(e == 1 ? string.concat(name, ", first epoch") : name, STRANGER, data);
            vm.assertEq(net.epoch(), e);
            release(free);
        }
    }

    /// As `settlement`, with the words of a proof that was shown elsewhere.
    function settlementOf(Format memory f, Job memory j, uint256[] memory l, uint256[] memory pages)
        private
        view
        returns (bytes memory)
    {
        uint256[8] memory zero;
        uint256[3] memory roots = [j.header[2], j.header[3], j.header[4]];
        return abi.encodeCall(
            net.settleDense,
            (HALO2_CIRCUIT, zero, j.h, roots, j.header[6], j.header[8], denseList(f, l, pages))
        );
    }
}
