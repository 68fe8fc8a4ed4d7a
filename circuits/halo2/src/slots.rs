//! The statement's hints in this circuit's field.

use crate::field::Fr;
use meed_statement::slots;

pub(crate) type AccountSlot = slots::AccountSlot<Fr>;
pub(crate) type AssetSlot = slots::AssetSlot<Fr>;
pub(crate) type EventSlot = slots::EventSlot<Fr>;
pub(crate) type PolicySlot = slots::PolicySlot<Fr>;
pub(crate) type RecordSlot = slots::RecordSlot<Fr>;
pub(crate) type Slots = slots::Slots<Fr>;
