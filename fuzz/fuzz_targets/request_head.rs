#![no_main]
#![expect(missing_docs, reason = "libFuzzer's entry point")]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::RequestHead.run(data));
