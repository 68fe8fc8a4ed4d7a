// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {vm} from "./Vm.sol";

/// Measures transactions. Needs forge's isolated mode, where a call from a test is a transaction of its own:
/// everything is cold, 21,000 and the calldata are charged, refunds are given.
///
/// For each name the snapshot gets what was used under the rules before Prague, and how many zero and other
/// bytes the calldata has: `tools/gas.mjs` makes the table of it, EIP-7623's floor included.
abstract contract GasMeter is Base {
    string internal constant GROUP = "gas";
    /// EIP-7825: the most gas that a transaction can have.
    uint256 internal constant MOST_GAS = 16_777_216;
    /// The largest transaction that nodes relay is 128 KiB. The envelope around the calldata has its
    /// signature, fees, nonce and addresses; 256 bytes are enough for these.
    uint256 internal constant MOST_CALLDATA = 131_072 - 256;

    /// Sends a transaction. Returns what it costs under Prague's rules.
    function send(string memory name, address sender, uint256 value, address to, bytes memory data)
        internal
        returns (uint256 cost)
    {
        vm.prank(sender);
        (bool ok, bytes memory answer) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return record(name, vm.lastCallGas().gasTotalUsed, data);
    }

    function send(string memory name, address sender, bytes memory data)
        internal
        returns (uint256)
    {
        return send(name, sender, 0, address(net), data);
    }

    /// Writes a transaction's figures down.
    function record(string memory name, uint256 used, bytes memory data)
        internal
        returns (uint256 cost)
    {
        uint256 zeros = zeroBytes(data);
        uint256 others = data.length - zeros;
        // Less would mean that this was no transaction.
        vm.assertGe(used, 21_000 + 4 * zeros + 16 * others, "not in isolated mode");
        vm.snapshotValue(GROUP, string.concat(name, " | used"), used);
        vm.snapshotValue(GROUP, string.concat(name, " | zero bytes"), zeros);
        vm.snapshotValue(GROUP, string.concat(name, " | other bytes"), others);
        uint256 floor = 21_000 + 10 * zeros + 40 * others;
        cost = used > floor ? used : floor;
        vm.assertLe(cost, MOST_GAS, string.concat(name, ": more gas than a transaction can have"));
        vm.assertLe(data.length, MOST_CALLDATA, string.concat(name, ": too long for a transaction"));
    }

    /// The definitions in `Naive` use up much memory: what was allocated since `freeMemory` can be given back
    /// when nothing of it is needed.
    function freeMemory() internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    function release(uint256 pointer) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }

    function zeroBytes(bytes memory data) internal pure returns (uint256 zeros) {
        assembly ("memory-safe") {
            let from := add(data, 0x20)
            for { let end := add(from, mload(data)) } lt(from, end) { from := add(from, 1) } {
                zeros := add(zeros, iszero(byte(0, mload(from))))
            }
        }
    }

    /// A list as it comes in practice: accounts are any 20 bytes, in order; amounts are below 9 whole coins of
    /// `unit`, 1 at least.
    function payouts(uint256 n, uint256 unit, uint256 salt)
        internal
        pure
        returns (uint256[] memory l)
    {
        l = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            uint256 step = (1 << 160) / n;
            uint256 who = uint256(keccak256(abi.encode("account", n, i)));
            uint256 what = uint256(keccak256(abi.encode("amount", n, i, salt)));
            l[i] = pack(address(uint160(i * step + who % step)), unit + what % (8 * unit));
        }
    }

    function accountsOf(uint256[] memory l) internal pure returns (address[] memory accounts) {
        accounts = new address[](l.length);
        for (uint256 i; i < l.length; ++i) {
            (accounts[i],) = unpack(l[i]);
        }
    }

    /// `from` up to `to`, without it.
    function slice(uint256[] memory l, uint256 from, uint256 to)
        internal
        pure
        returns (uint256[] memory part)
    {
        part = new uint256[](to - from);
        for (uint256 i; i < part.length; ++i) {
            part[i] = l[from + i];
        }
    }

    /// Adds the accounts to the network, 1,024 a page, and returns the pages' numbers.
    function addPages(uint256[] memory l) internal returns (uint256[] memory pages) {
        pages = new uint256[]((l.length + 1023) / 1024);
        for (uint256 p; p < pages.length; ++p) {
            uint256 to = 1024 * (p + 1) < l.length ? 1024 * (p + 1) : l.length;
            pages[p] = net.addPage(accountsOf(slice(l, 1024 * p, to)));
        }
    }

    /// How a list is written.
    struct Format {
        string name;
        bool dense;
        uint256 indexBytes;
        uint256 amountBytes;
        bool inPages;
        /// The smallest amount.
        uint256 unit;
    }

    /// The calldata that settles the next epoch with this list, in one transaction.
    function settlement(Format memory f, uint256[] memory l, uint256[] memory pages)
        internal
        view
        returns (bytes memory)
    {
        Job memory j = job(l);
        if (!f.dense) return abi.encodeCall(net.settle, (CIRCUIT, j.proof, j.h, words(j)));
        bytes memory dense = denseList(f, l, pages);
        uint256[3] memory roots = [j.header[2], j.header[3], j.header[4]];
        return abi.encodeCall(
            net.settleDense, (CIRCUIT, j.proof, j.h, roots, j.header[6], j.header[8], dense)
        );
    }

    function denseList(Format memory f, uint256[] memory l, uint256[] memory pages)
        internal
        pure
        returns (bytes memory dense)
    {
        uint256[] memory indexes = new uint256[](l.length);
        for (uint256 i; i < l.length; ++i) {
            indexes[i] = i;
        }
        dense = Dense.encode(f.indexBytes, f.amountBytes, pages, new address[](0), indexes, l);
        if (!f.inPages) return withAccounts(dense, accountsOf(l));
    }

    /// A dense list without pages, given its accounts: they go after the first five bytes.
    function withAccounts(bytes memory dense, address[] memory accounts)
        private
        pure
        returns (bytes memory whole)
    {
        whole = new bytes(dense.length + 20 * accounts.length);
        for (uint256 i; i < dense.length; ++i) {
            whole[i < 5 ? i : i + 20 * accounts.length] = dense[i];
        }
        (whole[3], whole[4]) = (bytes1(uint8(accounts.length >> 8)), bytes1(uint8(accounts.length)));
        for (uint256 i; i < accounts.length; ++i) {
            place(whole, 5 + 20 * i, accounts[i]);
        }
    }

    function place(bytes memory whole, uint256 start, address account) private pure {
        for (uint256 k; k < 20; ++k) {
            whole[start + k] = bytes20(account)[k];
        }
    }
}
