// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Ownable2Step, Ownable} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// Who may do what besides everyone, and the brake.
///
/// - The owner names the operator and the guardian, and proposes verifiers.
/// - The operator commits to scores. It can not pay anyone.
/// - The guardian pauses, for a bounded time, and retires verifiers. It can not pay anyone.
abstract contract MeedPause is Ownable2Step, ReentrancyGuardTransient {
    /// Only this role may do that.
    error OnlyOperator();
    /// Only this role may do that.
    error OnlyGuardian();
    /// Paused until this time, at the latest.
    error Paused(uint256 until);
    /// This needs a pause.
    error NotPaused();
    /// After a pause there is none for as long as a pause may last.
    error PauseTooSoon(uint256 from);

    event OperatorSet(address operator);
    event GuardianSet(address guardian);
    event PausedUntil(uint256 until);
    event Unpaused();

    /// A pause ends by itself after this time.
    uint256 public constant MAX_PAUSE = 14 days;

    address public operator;
    address public guardian;

    /// One slot, which every claim reads.
    struct Brake {
        /// Epochs up to here may be claimed whatever happens.
        uint64 matured;
        /// When the last pause began, and when it ended or will end.
        uint64 pausedAt;
        uint64 pausedUntil;
    }

    Brake internal _brake;

    modifier onlyOperator() {
        if (msg.sender != operator) revert OnlyOperator();
        _;
    }

    modifier onlyGuardian() {
        if (msg.sender != guardian) revert OnlyGuardian();
        _;
    }

    modifier whenNotPaused() {
        if (paused()) revert Paused(_brake.pausedUntil);
        _;
    }

    constructor(address owner, address operator_, address guardian_) Ownable(owner) {
        _setOperator(operator_);
        _setGuardian(guardian_);
    }

    /// Whether there is a pause now.
    function paused() public view returns (bool) {
        return block.timestamp < _brake.pausedUntil;
    }

    /// Stops deposits, commitments, settlements, and claims of epochs that have not matured.
    function pause() external onlyGuardian whenNotPaused {
        uint256 from = _brake.pausedAt == 0 ? 0 : _brake.pausedUntil + MAX_PAUSE;
        if (block.timestamp < from) revert PauseTooSoon(from);
        _brake.pausedAt = uint64(block.timestamp);
        _brake.pausedUntil = uint64(block.timestamp + MAX_PAUSE);
        emit PausedUntil(block.timestamp + MAX_PAUSE);
    }

    /// Ends a pause.
    function unpause() external onlyGuardian {
        if (!paused()) revert NotPaused();
        _brake.pausedUntil = uint64(block.timestamp);
        emit Unpaused();
    }

    /// Names the operator.
    function setOperator(address operator_) external onlyOwner {
        _setOperator(operator_);
    }

    /// Names the guardian.
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    function _setOperator(address operator_) private {
        operator = operator_;
        emit OperatorSet(operator_);
    }

    function _setGuardian(address guardian_) private {
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }
}
