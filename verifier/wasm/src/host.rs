//! The boundary to the host: the only unsafe code. The host owns the module's memory anyway; what a
//! wrong address or length can spoil is the host's own verdict.

use crate::code;
use alloc::{alloc::alloc_zeroed, alloc::dealloc, alloc::Layout};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Nothing is known to panic; should anything, stop.
#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    loop {
        core::hint::spin_loop();
    }
}

/// Zeroed memory for a message; null when there is none or `len` is 0.
#[no_mangle]
pub extern "C" fn meed_alloc(len: usize) -> *mut u8 {
    match Layout::array::<u8>(len) {
        // SAFETY: the layout's size is not zero.
        Ok(layout) if len > 0 => unsafe { alloc_zeroed(layout) },
        _ => core::ptr::null_mut(),
    }
}

/// Gives memory back.
///
/// # Safety
/// `at` and `len` are those of one call of [`meed_alloc`], not given back before.
#[no_mangle]
pub unsafe extern "C" fn meed_free(at: *mut u8, len: usize) {
    if let (false, Ok(layout)) = (at.is_null() || len == 0, Layout::array::<u8>(len)) {
        // SAFETY: by the caller's promise the layout is the one of the allocation.
        unsafe { dealloc(at, layout) }
    }
}

/// Whether the message lies within memory, so that reading it cannot trap.
fn in_memory(at: *const u8, len: usize) -> bool {
    #[cfg(target_arch = "wasm32")]
    {
        const PAGE: u64 = 65_536;
        let end = at as u64 + len as u64;
        !at.is_null() && end <= core::arch::wasm32::memory_size(0) as u64 * PAGE
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        !at.is_null() && isize::try_from(len).is_ok()
    }
}

/// Runs `check` on the message at `at`.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null, or `len` is 0.
unsafe fn run(
    at: *const u8,
    len: usize,
    development: u32,
    check: fn(&[u8], bool) -> Result<(), u32>,
) -> u32 {
    let message = if len == 0 {
        &[]
    } else if in_memory(at, len) {
        // SAFETY: by the caller's promise; nothing else runs while the slice lives.
        unsafe { core::slice::from_raw_parts(at, len) }
    } else {
        return code::ADDRESS;
    };
    match check(message, development == 1) {
        Ok(()) => code::ACCEPTED,
        Err(code) => code,
    }
}

/// Checks `key (704) | inputs (96) | proof (256)`. Whoever calls this derives `alpha` and `y` from the
/// words himself; [`meed_verify_words`] does it here.
///
/// `development` is 1 to accept keys of the local set-up, too; where money is, it is 0.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null, or `len` is 0.
#[no_mangle]
pub unsafe extern "C" fn meed_verify(at: *const u8, len: usize, development: u32) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, development, crate::check_inputs) }
}

/// Checks `key (704) | proof (256) | chain id (32) | contract (32) | h (32) | words (32 each)`.
///
/// `development` is 1 to accept keys of the local set-up, too; where money is, it is 0.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null, or `len` is 0.
#[no_mangle]
pub unsafe extern "C" fn meed_verify_words(at: *const u8, len: usize, development: u32) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, development, crate::check_words) }
}

/// Checks `key (704)` alone: for the moment when a contract takes a key.
///
/// `development` is 1 to accept keys of the local set-up, too; where money is, it is 0.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null, or `len` is 0.
#[no_mangle]
pub unsafe extern "C" fn meed_check_key(at: *const u8, len: usize, development: u32) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, development, crate::check_key) }
}
