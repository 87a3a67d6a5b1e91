//! Bytes of libFuzzer for [`crisislens_fuzz::sse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    crisislens_fuzz::sse(data);
});
