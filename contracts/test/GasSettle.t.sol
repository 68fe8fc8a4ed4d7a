// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GasMeter} from "./GasMeter.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// What settlements cost: a network's first, and the next one, which finds its slots written.
/// forge-config: default.isolate = true
contract GasSettleTest is GasMeter {
    /// What a verification may cost, as a transaction.
    uint256 private constant MOST_VERIFICATION = 228_000;

    function test_verification() external {
        fund(1e20);
        commit(1e20);
        Job memory j = job(payouts(8, 1e18, 0));
        uint256 alpha = challenge(j);
        uint256[3] memory inputs = [j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha)];
        // Inputs of full size: a short one would cost less.
        for (uint256 i; i < 3; ++i) {
            vm.assertGe(inputs[i], 1 << 245, "a short input");
        }
        bytes memory data = abi.encodeCall(verifier.verify, (j.proof, inputs));
        uint256 cost = send("verify", STRANGER, 0, address(verifier), data);
        vm.assertLe(cost, MOST_VERIFICATION, "verification");
    }

    function test_settle_words() external {
        measure(Format("words, 8-byte amounts", false, 0, 0, false, 1e18));
    }

    function test_settle_indexed() external {
        measure(Format("dense, 2-byte indexes, 8-byte amounts", true, 2, 8, true, 1e18));
    }

    function test_settle_sequential() external {
        measure(Format("dense, sequential, 8-byte amounts", true, 0, 8, true, 1e18));
    }

    function test_settle_indexed_small_amounts() external {
        measure(Format("dense, 2-byte indexes, 5-byte amounts", true, 2, 5, true, 1e9));
    }

    function test_settle_sequential_small_amounts() external {
        measure(Format("dense, sequential, 5-byte amounts", true, 0, 5, true, 1e9));
    }

    function test_settle_inline() external {
        measure(Format("dense, accounts inline, 8-byte amounts", true, 0, 8, false, 1e18));
    }

    function test_settle_in_the_chains_coin() external {
        Format memory f =
            Format("coin, dense, 2-byte indexes, 8-byte amounts", true, 2, 8, true, 1e18);
        measure(f, 1024, IERC20(address(0)));
    }

    function measure(Format memory f) private {
        uint256[5] memory sizes = [uint256(8), 64, 256, 1024, 4096];
        for (uint256 i; i < sizes.length; ++i) {
            measure(f, sizes[i], IERC20(token));
        }
    }

    /// Two epochs of a network.
    function measure(Format memory f, uint256 n, IERC20 money) private {
        net = deploy(money);
        uint256[] memory pages = f.inPages ? addPages(payouts(n, f.unit, 0)) : new uint256[](0);
        for (uint256 e = 1; e <= 2; ++e) {
            uint256 free = freeMemory();
            uint256[] memory l = payouts(n, f.unit, e);
            fund(total(l) + 10 * f.unit);
            commit(total(l) + 5 * f.unit);
            string memory name = string.concat(
                "settle ", vm.toString(n), ", ", f.name, e == 1 ? ", first epoch" : ""
            );
            if (!f.dense && n > 4000) parts(name, l);
            else send(name, STRANGER, settlement(f, l, pages));
            (bytes32 root,,,,) = net.epochs(e);
            vm.assertEq(root, Naive.claimRoot(l));
            release(free);
        }
    }

    /// A list that is too long for one transaction.
    function parts(string memory name, uint256[] memory l) private {
        Job memory j = job(l);
        uint256 free = freeMemory();
        uint256 alpha = challenge(j);
        release(free);
        bytes32 header = keccak256(abi.encode(j.header));
        send(
            string.concat(name, ", part 1 of 3"),
            STRANGER,
            abi.encodeCall(net.addPart, (0, j.h, alpha, header, 0, slice(l, 0, 3072)))
        );
        send(
            string.concat(name, ", part 2 of 3"),
            STRANGER,
            abi.encodeCall(net.addPart, (0, j.h, alpha, header, 3072, slice(l, 3072, l.length)))
        );
        send(
            string.concat(name, ", part 3 of 3"),
            STRANGER,
            abi.encodeCall(
                net.settleDraft, (CIRCUIT, j.proof, j.h, alpha, 0, j.header, Naive.groupRoots(l))
            )
        );
    }
}
