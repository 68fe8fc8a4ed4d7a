#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    meed_fuzz::halo2::halo2_key(data);
});
