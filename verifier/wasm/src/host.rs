//! The boundary to the host: the only unsafe code. The host owns the module's memory anyway; what a
//! wrong address or length can spoil is the host's own verdict.

use alloc::{alloc::alloc_zeroed, alloc::dealloc, alloc::Layout};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Nothing is known to panic; if memory runs out, stop.
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

/// Runs `check` on the message at `at`.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null.
unsafe fn run(at: *const u8, len: usize, check: fn(&[u8]) -> Result<(), u32>) -> u32 {
    if at.is_null() {
        return crate::LENGTH;
    }
    // SAFETY: by the caller's promise; nothing else runs while the slice lives.
    let message = unsafe { core::slice::from_raw_parts(at, len) };
    match check(message) {
        Ok(()) => 0,
        Err(code) => code,
    }
}

/// Checks `key (704) | inputs (96) | proof (256)`.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null.
#[no_mangle]
pub unsafe extern "C" fn meed_verify(at: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, crate::check_inputs) }
}

/// Checks `key (704) | proof (256) | chain id (32) | contract (32) | h (32) | words (32 each)`.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null.
#[no_mangle]
pub unsafe extern "C" fn meed_verify_words(at: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, crate::check_words) }
}

/// Reads `key (704)`: 0 for a key that is well formed and not a development key, 5 for one that is.
///
/// # Safety
/// `at` points to `len` initialised bytes, or is null.
#[no_mangle]
pub unsafe extern "C" fn meed_check_key(at: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise is passed on.
    unsafe { run(at, len, crate::check_key) }
}
