//! Bytes of libFuzzer for [`crisislens_fuzz::frames`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    crisislens_fuzz::frames(data);
});
