//! What was paid into a contract's pot, and for which event.

use alloy::primitives::{Address, B256, U256};

use crate::contract::Contract;
use crate::error::Result;
use crate::logs::{Event, Head};

/// A deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its block.
    pub block: u64,
    /// Its transaction.
    pub transaction: B256,
    /// Who paid.
    pub payer: Address,
    /// The payer's reference; see [`event_memo`].
    pub memo: B256,
    /// What arrived, base units.
    pub amount: U256,
}

/// The reference of a deposit that pays for an event: the event's id, followed by zeros.
#[must_use]
pub fn event_memo(id: &[u8; 16]) -> B256 {
    B256::right_padding_from(id)
}

impl Contract<'_> {
    /// The deposits in the blocks from `from` to `head`, in order. `progress` gets the blocks that are done,
    /// and all of them.
    ///
    /// # Errors
    /// [`ChainError::Node`](crate::ChainError::Node), also when the chain replaced `head` in the meantime.
    pub fn deposits(
        &self,
        from: u64,
        head: &Head,
        progress: impl FnMut(u64, u64),
    ) -> Result<Vec<Deposit>> {
        let told = self.told(from, head, progress)?;
        self.client().still_there(head)?;
        let deposit = |logged: crate::logs::Logged| match logged.event {
            Event::Deposited { payer, memo, amount } => {
                let (block, transaction) = (logged.block, logged.transaction);
                Some(Deposit { block, transaction, payer, memo, amount })
            }
            _ => None,
        };
        Ok(told.into_iter().filter_map(deposit).collect())
    }
}
