//! Bytes of libFuzzer for [`crisislens_fuzz::token`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    crisislens_fuzz::token(data);
});
