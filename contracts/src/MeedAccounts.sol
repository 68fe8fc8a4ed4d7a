// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// Tables of accounts, so that settlements can name an account by a short index. Anyone may add a page; no
/// page ever changes. Nothing is trusted here: a settlement's proof is about the accounts themselves.
///
/// A page is a contract whose code is one byte that stops it, then 20 bytes an account: reading it costs
/// 2,600 gas and 3 for each 32 bytes, a storage slot 2,100.
abstract contract MeedAccounts {
    /// A page holds 1 to 1,024 accounts.
    error PageSize(uint256 accounts);
    /// The page's contract could not be created.
    error PageFailed();

    /// `page` is there, with this many accounts.
    event PageAdded(uint256 indexed page, address data, uint256 accounts);

    uint256 private constant PAGE = 1024;

    /// Where the page's accounts are.
    mapping(uint256 page => address data) public pages;
    /// How many pages there are; they are numbered from 0.
    uint256 public pageCount;

    /// Adds a page of accounts.
    function addPage(address[] calldata accounts) external returns (uint256 page) {
        uint256 n = accounts.length;
        if (n == 0 || n > PAGE) revert PageSize(n);
        address data;
        assembly ("memory-safe") {
            let free := mload(0x40)
            // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: returns what
            // follows these 10 bytes. The rest of the word is zero, so the next byte is the STOP.
            let size := add(mul(n, 20), 1)
            mstore(free, shl(176, or(0x61000080600a3d393df3, shl(56, size))))
            let to := add(free, 11)
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                mstore(to, shl(96, calldataload(add(accounts.offset, shl(5, i)))))
                to := add(to, 20)
            }
            data := create(0, free, add(size, 10))
        }
        if (data == address(0)) revert PageFailed();
        page = pageCount++;
        pages[page] = data;
        emit PageAdded(page, data, n);
    }
}
