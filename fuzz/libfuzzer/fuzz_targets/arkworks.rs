#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    meed_fuzz::prover::arkworks(data);
});
