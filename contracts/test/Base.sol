// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IMeedVerifier} from "../src/IMeedVerifier.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {MeedVerifier} from "../src/MeedVerifier.sol";
import {Naive} from "./Naive.sol";
import {Trapdoor} from "./Trapdoor.sol";
import {vm} from "./Vm.sol";

contract TestToken is ERC20("Test", "TST") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// A network on its own contract, and epochs for it: any list of payouts, with a valid proof.
abstract contract Base {
    uint256 internal constant R = Trapdoor.R;
    uint256 internal constant UNIT = 10_000 << 40;
    uint256 internal constant CIRCUIT = 1;
    uint256 internal constant CLAIM_DELAY = 1 days;
    uint256 internal constant SWEEP_DELAY = 365 days;
    uint256 internal constant TIMELOCK = 2 days;

    address internal constant OWNER = address(0xA0);
    address internal constant OPERATOR = address(0xA1);
    address internal constant GUARDIAN = address(0xA2);
    address internal constant TREASURY = address(0xA3);
    address internal constant PAYER = address(0xA4);
    address internal constant STRANGER = address(0xA5);

    /// A settlement, ready to be sent.
    struct Job {
        uint256[11] header;
        uint256[] payouts;
        uint256 h;
        uint256[8] proof;
    }

    MeedVerifier internal verifier;
    TestToken internal token;
    MeedSettlement internal net;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        verifier = deployVerifier(Trapdoor.key());
        token = new TestToken();
        net = deploy(IERC20(token));
    }

    /// Creation code of a contract in src. It is not embedded in the tests: compiling them stays quick, and
    /// `tools/mutants.mjs` puts weakened twins in its place without compiling the tests again.
    function creationCode(string memory name) internal view returns (bytes memory) {
        string memory twins = vm.envOr("MEED_TWINS", "");
        if (bytes(twins).length == 0) return vm.getCode(string.concat(name, ".sol:", name));
        return vm.getCode(string.concat(twins, "/", name, ".json"));
    }

    /// Creates a contract, or reverts as its constructor does.
    function create(string memory name, bytes memory arguments) internal returns (address made) {
        bytes memory code = bytes.concat(creationCode(name), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
            if iszero(made) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }

    function deployVerifier(uint256[22] memory key) internal returns (MeedVerifier) {
        return MeedVerifier(create("MeedVerifier", abi.encode(key)));
    }

    function deployWith(
        MeedSettlement.Setup memory setup_,
        uint256[] memory numbers,
        IMeedVerifier[] memory verifiers
    ) internal returns (MeedSettlement) {
        return MeedSettlement(create("MeedSettlement", abi.encode(setup_, numbers, verifiers)));
    }

    function deploy(IERC20 money) internal returns (MeedSettlement) {
        uint256[] memory numbers = new uint256[](1);
        IMeedVerifier[] memory verifiers = new IMeedVerifier[](1);
        (numbers[0], verifiers[0]) = (CIRCUIT, verifier);
        return deployWith(setup(money), numbers, verifiers);
    }

    /// Time passes. Read by cheat code: the compiler may take `block.timestamp` for a constant.
    function pass(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
    }

    function nextBlock() internal {
        vm.roll(vm.getBlockNumber() + 1);
    }

    function setup(IERC20 money) internal pure returns (MeedSettlement.Setup memory) {
        return MeedSettlement.Setup({
            token: money,
            owner: OWNER,
            operator: OPERATOR,
            guardian: GUARDIAN,
            treasury: TREASURY,
            claimDelay: CLAIM_DELAY,
            sweepDelay: SWEEP_DELAY,
            timelock: TIMELOCK
        });
    }

    /// Whether the network deals in the chain's coin.
    function inCoin() internal view returns (bool) {
        return address(net.token()) == address(0);
    }

    /// What an account has of the network's money.
    function funds(address account) internal view returns (uint256) {
        return inCoin() ? account.balance : net.token().balanceOf(account);
    }

    /// What the network has for: the pot, the committed epoch, what waits, and what can be claimed.
    function booked() internal view returns (uint256 sum) {
        sum = uint256(net.pot()) + net.locked() + net.accrued();
        for (uint256 i = 1; i <= net.epoch(); ++i) {
            sum += net.unclaimed(i);
        }
    }

    /// Deposits from a payer who has just that much.
    function fund(uint256 amount) internal {
        if (inCoin()) {
            vm.deal(PAYER, amount);
            vm.prank(PAYER);
            net.deposit{value: amount}(amount, bytes32(0));
            return;
        }
        token.mint(PAYER, amount);
        vm.startPrank(PAYER);
        // Some tokens return nothing.
        (bool ok,) = address(token).call(abi.encodeCall(token.approve, (address(net), amount)));
        require(ok, "approve");
        net.deposit(amount, bytes32(0));
        vm.stopPrank();
    }

    /// Commits to the next epoch with some roots, and lets a block pass.
    function commit(uint256 fees) internal {
        uint256 next = net.epoch() + 1;
        vm.prank(OPERATOR);
        net.commit(next, policyOf(next), registryOf(next), scoresOf(next), fees);
        nextBlock();
    }

    function policyOf(uint256) internal pure returns (uint256) {
        return uint256(keccak256("policy")) % R;
    }

    function registryOf(uint256) internal pure returns (uint256) {
        return uint256(keccak256("registry")) % R;
    }

    function scoresOf(uint256 number) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("scores", number))) % R;
    }

    function stateOf(uint256 number) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("state", number))) % R;
    }

    /// The next epoch with these payouts. The rest of fees and accruals goes on waiting.
    function job(uint256[] memory payouts) internal view returns (Job memory j) {
        uint256 released;
        for (uint256 i; i < payouts.length; ++i) {
            released += payouts[i] & ((1 << 93) - 1);
        }
        uint256 next = net.epoch() + 1;
        uint256 incoming = uint256(net.locked()) + net.accrued();
        j.payouts = payouts;
        j.header = [
            1,
            next,
            policyOf(next),
            registryOf(next),
            scoresOf(next),
            net.stateRoot(),
            stateOf(next),
            net.locked(),
            released,
            (incoming - released) * UNIT,
            payouts.length
        ];
        j.h = uint256(keccak256(abi.encode("h", j.header, payouts))) % R;
        sign(j);
    }

    /// Makes the job's proof valid for what it says.
    function sign(Job memory j) internal view {
        uint256 alpha = challenge(j);
        j.proof = Trapdoor.prove(j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha));
    }

    function challenge(Job memory j) internal view returns (uint256) {
        return challengeFor(j, block.chainid, address(net));
    }

    function challengeFor(Job memory j, uint256 chain, address contract_)
        internal
        pure
        returns (uint256)
    {
        bytes32 hash = Naive.listHash(j.header, j.payouts);
        bytes32 tag = keccak256("meed.alpha.v1");
        return uint256(keccak256(abi.encode(tag, chain, contract_, j.h, hash))) % R;
    }

    function words(Job memory j) internal pure returns (uint256[] memory all) {
        all = new uint256[](11 + j.payouts.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = i < 11 ? j.header[i] : j.payouts[i - 11];
        }
    }

    function settle(Job memory j) internal {
        net.settle(CIRCUIT, j.proof, j.h, words(j));
    }

    /// Deposits, commits and settles in one go.
    function epoch(uint256 fees, uint256[] memory payouts) internal returns (Job memory j) {
        if (fees != 0) fund(fees);
        commit(fees);
        j = job(payouts);
        settle(j);
    }

    /// What `retract` needs for the last settlement, taken before it is made.
    function undo() internal view returns (MeedSettlement.Undo memory) {
        uint256 next = net.epoch() + 1;
        return MeedSettlement.Undo(
            next,
            net.stateRoot(),
            net.accrued(),
            net.locked(),
            policyOf(next),
            registryOf(next),
            scoresOf(next)
        );
    }

    function claim(uint256 number, uint256[] memory payouts, uint256 index) internal {
        (address account, uint256 amount) = unpack(payouts[index]);
        net.claim(number, index, account, amount, Naive.claimProof(payouts, index));
    }

    function pack(address account, uint256 amount) internal pure returns (uint256) {
        return uint256(uint160(account)) << 93 | amount;
    }

    function unpack(uint256 word) internal pure returns (address, uint256) {
        return (address(uint160(word >> 93)), word & ((1 << 93) - 1));
    }

    /// Payout i: an account and an amount of 8 bytes, as 18 decimals give them; accounts increasing.
    function list(uint256 n) internal pure returns (uint256[] memory payouts) {
        payouts = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("payout", n, i)));
            address account = address(uint160(((i + 1) << 140) | (seed >> 116)));
            payouts[i] = pack(account, 1e18 + uint64(seed) % 8e18);
        }
    }

    function total(uint256[] memory payouts) internal pure returns (uint256 sum) {
        for (uint256 i; i < payouts.length; ++i) {
            sum += payouts[i] & ((1 << 93) - 1);
        }
    }
}
