//! The boundary to the page: the only unsafe code. The page owns the module's memory anyway; what a wrong
//! address or length can spoil is the page's own verdict.
//!
//! A message is a `Vec<u8>` that the page fills between [`meed_alloc`] and [`meed_free`]. A function
//! returns a number of `code.rs`; what it computes is written over the start of its message.
#![allow(unsafe_code, reason = "memory shared with JavaScript has addresses, not references")]

use crate::{code, message};

/// Zeroed memory for a message; null when there is none or `len` is 0.
#[no_mangle]
pub extern "C" fn meed_alloc(len: usize) -> *mut u8 {
    let mut room = Vec::<u8>::new();
    if len == 0 || room.try_reserve_exact(len).is_err() {
        return core::ptr::null_mut();
    }
    room.resize(len, 0);
    Box::into_raw(room.into_boxed_slice()).cast()
}

/// Gives memory back.
///
/// # Safety
/// `at` and `len` are those of one call of [`meed_alloc`], not given back before.
#[no_mangle]
pub unsafe extern "C" fn meed_free(at: *mut u8, len: usize) {
    if !at.is_null() && len > 0 {
        // SAFETY: by the caller's promise these are the parts of one boxed slice.
        drop(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(at, len)) });
    }
}

/// Runs `work` on the message at `at`.
///
/// # Safety
/// `at` points to `len` initialised bytes that nothing else uses, or is null.
unsafe fn run(at: *mut u8, len: usize, work: fn(&mut [u8]) -> Result<(), u32>) -> u32 {
    if at.is_null() || isize::try_from(len).is_err() {
        return code::ADDRESS;
    }
    // SAFETY: by the caller's promise; nothing else runs while the slice lives.
    let message = unsafe { core::slice::from_raw_parts_mut(at, len) };
    work(message).err().unwrap_or(code::ACCEPTED)
}

macro_rules! exports {
    ($($(#[$doc:meta])* $name:ident => $work:path;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// `at` points to `len` initialised bytes that nothing else uses, or is null.
        #[no_mangle]
        pub unsafe extern "C" fn $name(at: *mut u8, len: usize) -> u32 {
            // SAFETY: the caller's promise is passed on.
            unsafe { run(at, len, $work) }
        }
    )*};
}

exports! {
    /// See [`message::proof`].
    meed_proof => message::proof;
    /// See [`message::key`].
    meed_key => message::key;
    /// See [`message::state`].
    meed_state => message::state;
    /// See [`message::policy`].
    meed_policy => message::policy;
    /// See [`message::registry`].
    meed_registry => message::registry;
}
