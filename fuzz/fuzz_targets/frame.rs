//! Any bytes as a frame and as a message; sealed with the right checksum too, or the fuzzer would never get past it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reading::{Batch, EventTime, Limits, MeterId, RawReading};
use units::{Milliamperes, Millivolts, Milliwatts};
use wire::frame::{LONGEST, checksum, decode, decode_message, encode};

fuzz_target!(|bytes: &[u8]| {
    let blank = || RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) };
    decode_message(bytes, &limits, &mut Batch::default());
    let mut raw = blank();
    let sealed = [bytes, &checksum(bytes).to_le_bytes()].concat();
    let _ = decode(bytes, &mut raw);
    if decode(&sealed, &mut raw).is_ok() {
        let mut out = [0; LONGEST];
        if let Ok(len) = encode(&raw, &mut out) {
            let mut back = blank();
            assert_eq!(decode(&out[..len], &mut back), Ok(()));
            assert_eq!(back, raw);
        }
    }
});
