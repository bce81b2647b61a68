//! Any bytes as one JSON object: a reading that is written and read back as itself, or a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reading::{EventTime, MeterId, RawReading};
use wire::json::{decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let blank = || RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    let mut raw = blank();
    if decode(bytes, &mut raw).is_ok() {
        let mut line = Vec::new();
        encode(&raw, &mut line);
        let mut back = blank();
        assert_eq!(decode(&line, &mut back), Ok(0));
        assert_eq!(back, raw);
    }
});
