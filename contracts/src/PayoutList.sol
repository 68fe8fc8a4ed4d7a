// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// A list of payouts as the statement's words, `account * 2^93 + amount`, and what is computed from it:
/// the hash that fixes it, its value at a point, and its claim tree.
///
/// A list is cut into groups of 1,024 payouts; only the last may be shorter.
/// - Its hash is a chain: `H = keccak256(header)`, then `H = keccak256(H | words)` for each group.
/// - Its claim tree has on top a tree over the groups' roots, each the root of the group's leaves
///   `keccak256(keccak256(abi.encode(index, account, amount)))`, both as OpenZeppelin's npm
///   package `merkle-tree` builds them when told not to sort leaves. So a list of one group has the package's
///   `StandardMerkleTree`.
///
/// So a list can come in parts, and be settled when the last one is there.
library PayoutList {
    /// A payout word has a bit above the account: it could be another word's alias modulo the field.
    error WordOutOfRange();
    /// A dense list does not have its announced shape.
    error DenseMalformed();
    /// A dense list names a page that is not registered.
    error PageUnknown(uint256 page);

    /// Order of BN254's scalar field.
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Payouts in a group.
    uint256 internal constant GROUP = 1024;
    /// Words before the payouts.
    uint256 internal constant HEADER = 11;
    /// Bits of an amount, below the account's 160.
    uint256 internal constant AMOUNT_BITS = 93;
    uint256 private constant AMOUNT_MASK = 0x1fffffffffffffffffffffff;
    /// Bytes of an account, in tables.
    uint256 private constant ACCOUNT = 20;
    /// `keccak256("meed.alpha.v1")`
    bytes32 internal constant ALPHA_TAG = keccak256("meed.alpha.v1");

    /// Where words lie in memory. The 32 bytes before them are theirs, too.
    struct Words {
        uint256 start;
        uint256 count;
    }

    /// What a list amounts to.
    struct Sum {
        /// `sum words[i] * alpha^i`, the first word at power 0.
        uint256 y;
        /// Base units.
        uint256 total;
        /// Of the groups' claim trees.
        bytes32[] roots;
    }

    /// The words as they are, 32 bytes each.
    function fromWords(uint256[] calldata payouts) internal pure returns (Words memory words) {
        words = _allocate(payouts.length);
        uint256 high;
        assembly ("memory-safe") {
            let from := mload(words)
            calldatacopy(from, payouts.offset, shl(5, payouts.length))
            let end := add(from, shl(5, payouts.length))
            for { let rest := add(from, shl(5, and(payouts.length, 7))) } lt(from, rest) {} {
                high := or(high, mload(from))
                from := add(from, 0x20)
            }
            for {} lt(from, end) { from := add(from, 0x100) } {
                high := or(high, mload(from))
                high := or(high, mload(add(from, 0x20)))
                high := or(high, mload(add(from, 0x40)))
                high := or(high, mload(add(from, 0x60)))
                high := or(high, mload(add(from, 0x80)))
                high := or(high, mload(add(from, 0xa0)))
                high := or(high, mload(add(from, 0xc0)))
                high := or(high, mload(add(from, 0xe0)))
            }
        }
        if (high >> 253 != 0) revert WordOutOfRange();
    }

    /// The dense encoding. All numbers are big-endian.
    ///
    /// | bytes | what |
    /// |---|---|
    /// | 1 | bytes of an index, 0 to 4 |
    /// | 1 | bytes of an amount, 1 to 12 |
    /// | 1 | pages |
    /// | 3 each | their numbers in `pages` |
    /// | 2 | accounts given here |
    /// | 20 each | these accounts |
    /// | the rest | the payouts: index, amount |
    ///
    /// An index counts the pages' accounts first, in the order in which the pages are named, then those
    /// given here. Indexes of 0 bytes count up from 0. Nothing depends on how a word was encoded: the
    /// proof is about the words.
    function fromDense(bytes calldata dense, mapping(uint256 => address) storage pages)
        internal
        view
        returns (Words memory words)
    {
        if (dense.length < 5) revert DenseMalformed();
        uint256 indexBytes = uint8(dense[0]);
        uint256 amountBytes = uint8(dense[1]);
        if (indexBytes > 4 || amountBytes == 0 || amountBytes > 12) revert DenseMalformed();
        (uint256 table, uint256 accounts, uint256 used) = _table(dense, pages);
        uint256 width = indexBytes + amountBytes;
        uint256 length = dense.length - used;
        if (length % width != 0) revert DenseMalformed();
        words = _allocate(length / width);

        uint256 cursor;
        assembly ("memory-safe") {
            cursor := add(dense.offset, used)
        }
        bool inside = indexBytes == 0
            ? _decodeSequential(words, cursor, amountBytes, table, accounts)
            : _decode(words, cursor, indexBytes, amountBytes, table, accounts);
        if (!inside) revert DenseMalformed();
    }

    /// Writes the words of entries without an index: payout i goes to account i of the table. Returns false if
    /// there are more payouts than accounts.
    ///
    /// Four at a time, after what four does not divide: going round the loop costs half as much as an entry.
    function _decodeSequential(
        Words memory words,
        uint256 cursor,
        uint256 width,
        uint256 table,
        uint256 accounts
    ) private pure returns (bool inside) {
        if (words.count > accounts) return false;
        assembly ("memory-safe") {
            let shift := sub(256, shl(3, width))
            let to := mload(words)
            let count := mload(add(words, 0x20))
            let end := add(to, shl(5, count))
            for { let rest := add(to, shl(5, and(count, 3))) } lt(to, rest) { to := add(to, 0x20) }
            {
                let account := shr(96, mload(table))
                mstore(to, or(shl(AMOUNT_BITS, account), shr(shift, calldataload(cursor))))
                table := add(table, ACCOUNT)
                cursor := add(cursor, width)
            }
            for {} lt(to, end) { to := add(to, 0x80) } {
                let account := shr(96, mload(table))
                mstore(to, or(shl(AMOUNT_BITS, account), shr(shift, calldataload(cursor))))
                cursor := add(cursor, width)
                account := shr(96, mload(add(table, 20)))
                mstore(
                    add(to, 0x20),
                    or(shl(AMOUNT_BITS, account), shr(shift, calldataload(cursor)))
                )
                cursor := add(cursor, width)
                account := shr(96, mload(add(table, 40)))
                mstore(
                    add(to, 0x40),
                    or(shl(AMOUNT_BITS, account), shr(shift, calldataload(cursor)))
                )
                cursor := add(cursor, width)
                account := shr(96, mload(add(table, 60)))
                mstore(
                    add(to, 0x60),
                    or(shl(AMOUNT_BITS, account), shr(shift, calldataload(cursor)))
                )
                cursor := add(cursor, width)
                table := add(table, 80)
            }
            inside := 1
        }
    }

    /// Writes the words of entries with an index. Returns false as soon as an index is not in the table: what
    /// lies behind it is never read.
    function _decode(
        Words memory words,
        uint256 cursor,
        uint256 indexBytes,
        uint256 amountBytes,
        uint256 table,
        uint256 accounts
    ) private pure returns (bool inside) {
        if (accounts == 0) return words.count == 0;
        assembly ("memory-safe") {
            let last := sub(accounts, 1)
            let width := add(indexBytes, amountBytes)
            let indexBits := shl(3, indexBytes)
            let indexShift := sub(256, indexBits)
            let amountShift := sub(256, shl(3, amountBytes))
            let to := mload(words)
            let count := mload(add(words, 0x20))
            let end := add(to, shl(5, count))
            for { let rest := add(to, shl(5, and(count, 3))) } lt(to, rest) { to := add(to, 0x20) }
            {
                let entry := calldataload(cursor)
                let index := shr(indexShift, entry)
                if gt(index, last) {
                    // Also keeps the second loop from starting.
                    end := 0
                    break
                }
                let account := shr(96, mload(add(table, mul(index, ACCOUNT))))
                mstore(to, or(shl(AMOUNT_BITS, account), shr(amountShift, shl(indexBits, entry))))
                cursor := add(cursor, width)
            }
            for {} lt(to, end) { to := add(to, 0x80) } {
                let entry := calldataload(cursor)
                let index := shr(indexShift, entry)
                if gt(index, last) {
                    end := 0
                    break
                }
                let account := shr(96, mload(add(table, mul(index, ACCOUNT))))
                mstore(to, or(shl(AMOUNT_BITS, account), shr(amountShift, shl(indexBits, entry))))
                cursor := add(cursor, width)
                entry := calldataload(cursor)
                index := shr(indexShift, entry)
                if gt(index, last) {
                    end := 0
                    break
                }
                account := shr(96, mload(add(table, mul(index, ACCOUNT))))
                mstore(
                    add(to, 0x20),
                    or(shl(AMOUNT_BITS, account), shr(amountShift, shl(indexBits, entry)))
                )
                cursor := add(cursor, width)
                entry := calldataload(cursor)
                index := shr(indexShift, entry)
                if gt(index, last) {
                    end := 0
                    break
                }
                account := shr(96, mload(add(table, mul(index, ACCOUNT))))
                mstore(
                    add(to, 0x40),
                    or(shl(AMOUNT_BITS, account), shr(amountShift, shl(indexBits, entry)))
                )
                cursor := add(cursor, width)
                entry := calldataload(cursor)
                index := shr(indexShift, entry)
                if gt(index, last) {
                    end := 0
                    break
                }
                account := shr(96, mload(add(table, mul(index, ACCOUNT))))
                mstore(
                    add(to, 0x60),
                    or(shl(AMOUNT_BITS, account), shr(amountShift, shl(indexBits, entry)))
                )
                cursor := add(cursor, width)
            }
            inside := gt(end, 0)
        }
    }

    /// Continues the chain of hashes over whole groups.
    function chain(bytes32 hash, Words memory words) internal pure returns (bytes32) {
        assembly ("memory-safe") {
            let start := mload(words)
            let left := mload(add(words, 0x20))
            for {} left {} {
                let n := left
                if gt(n, GROUP) { n := GROUP }
                // The hash so far goes before the group, where the last word of the group before it is.
                let before := sub(start, 0x20)
                let saved := mload(before)
                mstore(before, hash)
                hash := keccak256(before, shl(5, add(n, 1)))
                mstore(before, saved)
                start := add(start, shl(5, n))
                left := sub(left, n)
            }
        }
        return hash;
    }

    /// The point at which words are compared: good for one chain, one contract and one list.
    function challenge(uint256 h, bytes32 listHash) internal view returns (uint256) {
        return
            uint256(keccak256(abi.encode(ALPHA_TAG, block.chainid, address(this), h, listHash))) % R;
    }

    /// The header's value at `alpha`.
    function evaluate(uint256[11] memory header, uint256 alpha) internal pure returns (uint256 y) {
        for (uint256 i = HEADER; i > 0;) {
            unchecked {
                --i;
            }
            y = addmod(mulmod(y, alpha, R), header[i], R);
        }
    }

    /// `alpha^exponent`
    function power(uint256 alpha, uint256 exponent) internal pure returns (uint256 result) {
        result = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 != 0) result = mulmod(result, alpha, R);
            alpha = mulmod(alpha, alpha, R);
        }
    }

    /// Sums the list up. `first` is the index of its first payout. Consumes the words.
    function sum(Words memory words, uint256 first, uint256 alpha)
        internal
        pure
        returns (Sum memory result)
    {
        result.y = _evaluate(words, alpha);
        (result.total, result.roots) = roots(words, first);
    }

    /// The amounts' sum and the roots of the groups' claim trees. Consumes the words.
    function roots(Words memory words, uint256 first)
        internal
        pure
        returns (uint256 total, bytes32[] memory found)
    {
        uint256 groups = (words.count + GROUP - 1) / GROUP;
        found = new bytes32[](groups);
        for (uint256 g; g < groups; ++g) {
            uint256 n = words.count - g * GROUP;
            if (n > GROUP) n = GROUP;
            (uint256 amounts, bytes32 root) =
                _group(words.start + g * GROUP * 32, n, first + g * GROUP);
            total += amounts;
            found[g] = root;
        }
    }

    /// The root over the groups' roots; 0 if there are none. Consumes them.
    function top(bytes32[] memory nodes) internal pure returns (bytes32 root) {
        uint256 start;
        assembly ("memory-safe") {
            start := add(nodes, 0x20)
        }
        root = _fold(start, nodes.length);
    }

    /// A payout's account and amount.
    function unpack(uint256 word) internal pure returns (address account, uint256 amount) {
        return (address(uint160(word >> AMOUNT_BITS)), word & AMOUNT_MASK);
    }

    /// The words' value at `alpha`, by Horner's rule from the last to the first. Words are below 2^253, so no
    /// sum reaches 2^255.
    function _evaluate(Words memory words, uint256 alpha) private pure returns (uint256 y) {
        if (words.count == 0) return 0;
        assembly ("memory-safe") {
            let start := mload(words)
            let count := mload(add(words, 0x20))
            let word := add(start, shl(5, count))
            for { let rest := sub(word, shl(5, and(count, 7))) } gt(word, rest) {} {
                word := sub(word, 0x20)
                y := add(mulmod(y, alpha, R), mload(word))
            }
            // `word` is at the first of eight; it ends below the start, maybe below 0.
            for { word := sub(word, 0x100) } iszero(slt(word, start)) { word := sub(word, 0x100) } {
                y := add(mulmod(y, alpha, R), mload(add(word, 0xe0)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0xc0)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0xa0)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0x80)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0x60)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0x40)))
                y := add(mulmod(y, alpha, R), mload(add(word, 0x20)))
                y := add(mulmod(y, alpha, R), mload(word))
            }
            y := mod(y, R)
        }
    }

    /// The root that a payout's siblings, leaf first, lead to.
    function climb(uint256 index, address account, uint256 amount, bytes32[] calldata proof)
        internal
        pure
        returns (bytes32 node)
    {
        assembly ("memory-safe") {
            // Preimages lie from 0x00 to 0x60, as in `_group`.
            let free := mload(0x40)
            mstore(0x00, index)
            mstore(0x20, shr(96, shl(96, account)))
            mstore(0x40, amount)
            mstore(0x00, keccak256(0x00, 0x60))
            node := keccak256(0x00, 0x20)
            let from := proof.offset
            let end := add(from, shl(5, proof.length))
            if and(proof.length, 1) {
                let sibling := calldataload(from)
                mstore(0x00, node)
                mstore(0x20, sibling)
                mstore(0x40, node)
                node := keccak256(shl(5, lt(sibling, node)), 0x40)
                from := add(from, 0x20)
            }
            for {} lt(from, end) { from := add(from, 0x40) } {
                let sibling := calldataload(from)
                mstore(0x00, node)
                mstore(0x20, sibling)
                mstore(0x40, node)
                node := keccak256(shl(5, lt(sibling, node)), 0x40)
                sibling := calldataload(add(from, 0x20))
                mstore(0x00, node)
                mstore(0x20, sibling)
                mstore(0x40, node)
                node := keccak256(shl(5, lt(sibling, node)), 0x40)
            }
            mstore(0x40, free)
        }
    }

    /// Sums up the `n` words of a group and folds them to its root. Consumes the words.
    ///
    /// Each turn takes four words and hashes their leaves and the three nodes above while they are on the
    /// stack: writing and reading nodes and going round the loop cost a third of what the hashes cost. Of two words
    /// that are left over, the node goes to the front of the second level. If the number is odd, the last leaf goes to
    /// the front of the first level; then no four words have a node of their own, and words go by twos.
    ///
    /// Nodes are written over the words, from the start. Node k replaces word k, or k + 1 if something goes
    /// to the front: its own words are 4 k or 2 k and later ones, so all that it replaces has been read.
    function _group(uint256 start, uint256 n, uint256 first)
        private
        pure
        returns (uint256 total, bytes32 root)
    {
        if (n == 0) return (0, 0);
        uint256 nodes;
        assembly ("memory-safe") {
            // Preimages lie from 0x00 to 0x60, over the free memory pointer, which is put back.
            let free := mload(0x40)
            let word := start
            let index := first
            let to := add(start, shl(5, iszero(iszero(and(n, 3)))))
            let fours := add(start, mul(shl(7, shr(2, n)), iszero(and(n, 1))))
            for {} lt(word, fours) { word := add(word, 0x80) } {
                let value := mload(word)
                mstore(0x00, index)
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                let a := keccak256(0x00, 0x20)
                value := mload(add(word, 0x20))
                mstore(0x00, add(index, 1))
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                let b := keccak256(0x00, 0x20)
                // The smaller one goes first: of a, b, a the two that start at a or at b.
                mstore(0x00, a)
                mstore(0x20, b)
                mstore(0x40, a)
                let left := keccak256(shl(5, lt(b, a)), 0x40)
                value := mload(add(word, 0x40))
                mstore(0x00, add(index, 2))
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                a := keccak256(0x00, 0x20)
                value := mload(add(word, 0x60))
                mstore(0x00, add(index, 3))
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                b := keccak256(0x00, 0x20)
                mstore(0x00, a)
                mstore(0x20, b)
                mstore(0x40, a)
                b := keccak256(shl(5, lt(b, a)), 0x40)
                mstore(0x00, left)
                mstore(0x20, b)
                mstore(0x40, left)
                a := keccak256(shl(5, lt(b, left)), 0x40)
                mstore(to, a)
                index := add(index, 4)
                to := add(to, 0x20)
            }
            let twos := add(start, shl(6, shr(1, n)))
            for {} lt(word, twos) { word := add(word, 0x40) } {
                let value := mload(word)
                mstore(0x00, index)
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                let a := keccak256(0x00, 0x20)
                value := mload(add(word, 0x20))
                mstore(0x00, add(index, 1))
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                let b := keccak256(0x00, 0x20)
                mstore(0x00, a)
                mstore(0x20, b)
                mstore(0x40, a)
                a := keccak256(shl(5, lt(b, a)), 0x40)
                mstore(to, a)
                index := add(index, 2)
                to := add(to, 0x20)
            }
            switch and(n, 3)
            case 0 {}
            case 2 {
                to := sub(to, 0x20)
                mstore(start, mload(to))
            }
            default {
                let value := mload(word)
                mstore(0x00, index)
                mstore(0x20, shr(AMOUNT_BITS, value))
                value := and(value, AMOUNT_MASK)
                mstore(0x40, value)
                total := add(total, value)
                mstore(0x00, keccak256(0x00, 0x60))
                let a := keccak256(0x00, 0x20)
                mstore(start, a)
            }
            mstore(0x40, free)
            nodes := shr(5, sub(to, start))
        }
        root = _fold(start, nodes);
    }

    /// Folds `n > 0` nodes in place to the root that OpenZeppelin's `merkle-tree` gives them: nodes are
    /// paired from the front, and of an odd number the last one goes to the front of the next level.
    /// Two levels at a time where it can, as in `_group`.
    function _fold(uint256 start, uint256 n) private pure returns (bytes32 root) {
        if (n == 0) return 0;
        assembly ("memory-safe") {
            // Put back in the end, as in `_group`.
            let free := mload(0x40)
            for {} gt(n, 1) {} {
                let from := start
                let to := add(start, shl(5, iszero(iszero(and(n, 3)))))
                let fours := add(start, mul(shl(7, shr(2, n)), iszero(and(n, 1))))
                for {} lt(from, fours) { from := add(from, 0x80) } {
                    let a := mload(from)
                    let b := mload(add(from, 0x20))
                    mstore(0x00, a)
                    mstore(0x20, b)
                    mstore(0x40, a)
                    let left := keccak256(shl(5, lt(b, a)), 0x40)
                    a := mload(add(from, 0x40))
                    b := mload(add(from, 0x60))
                    mstore(0x00, a)
                    mstore(0x20, b)
                    mstore(0x40, a)
                    b := keccak256(shl(5, lt(b, a)), 0x40)
                    mstore(0x00, left)
                    mstore(0x20, b)
                    mstore(0x40, left)
                    a := keccak256(shl(5, lt(b, left)), 0x40)
                    mstore(to, a)
                    to := add(to, 0x20)
                }
                let twos := add(start, shl(6, shr(1, n)))
                for {} lt(from, twos) { from := add(from, 0x40) } {
                    let a := mload(from)
                    let b := mload(add(from, 0x20))
                    mstore(0x00, a)
                    mstore(0x20, b)
                    mstore(0x40, a)
                    a := keccak256(shl(5, lt(b, a)), 0x40)
                    mstore(to, a)
                    to := add(to, 0x20)
                }
                switch and(n, 3)
                case 0 {}
                case 2 {
                    to := sub(to, 0x20)
                    mstore(start, mload(to))
                }
                default { mstore(start, mload(twos)) }
                n := shr(5, sub(to, start))
            }
            root := mload(start)
            mstore(0x40, free)
        }
    }

    function _allocate(uint256 count) private pure returns (Words memory words) {
        uint256 start;
        assembly ("memory-safe") {
            start := add(mload(0x40), 0x20)
            mstore(0x40, add(start, shl(5, count)))
        }
        words.start = start;
        words.count = count;
    }

    /// The accounts that a dense list may name, in memory, 20 bytes each. `used`: bytes read of the list.
    function _table(bytes calldata dense, mapping(uint256 => address) storage pages)
        private
        view
        returns (uint256 table, uint256 accounts, uint256 used)
    {
        uint256 count = uint8(dense[2]);
        used = 3 + 3 * count;
        assembly ("memory-safe") {
            table := mload(0x40)
        }
        uint256 end = table;
        for (uint256 i; i < count; ++i) {
            if (dense.length < used) revert DenseMalformed();
            uint256 page = uint24(bytes3(dense[3 + 3 * i:]));
            address data = pages[page];
            if (data == address(0)) revert PageUnknown(page);
            assembly ("memory-safe") {
                // The first byte of a page's code stops it.
                let size := sub(extcodesize(data), 1)
                extcodecopy(data, end, 1, size)
                end := add(end, size)
                mstore(0x40, end)
            }
        }
        if (dense.length < used + 2) revert DenseMalformed();
        uint256 given = uint256(uint16(bytes2(dense[used:]))) * ACCOUNT;
        used += 2;
        if (dense.length < used + given) revert DenseMalformed();
        assembly ("memory-safe") {
            calldatacopy(end, add(dense.offset, used), given)
            end := add(end, given)
            // Words of 32 bytes are read at accounts: keep what follows apart.
            mstore(0x40, and(add(end, 0x3f), not(0x1f)))
        }
        used += given;
        accounts = (end - table) / ACCOUNT;
    }
}
