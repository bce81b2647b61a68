//! Any bytes as a block of lines: each line as it would be read alone, and every byte accounted for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reading::{Batch, EventTime, Limits, MeterId, RawReading, check};
use units::{Milliamperes, Millivolts, Milliwatts};
use wire::json::{LONGEST_LINE, decode, decode_lines};

fuzz_target!(|bytes: &[u8]| {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) };
    let mut batch = Batch::of_bytes(bytes);
    decode_lines(&limits, &mut batch);
    assert_eq!(batch.len(), batch.spans.len());
    let mut raw = RawReading::new(MeterId::new("-").expect("a dash is a name"), EventTime(0));
    let (mut readings, mut dead) = (0, 0);
    let block = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for line in block.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() >= LONGEST_LINE {
            return;
        }
        match decode(line, &mut raw).and_then(|_| check(&raw, &limits)) {
            Ok(checked) => {
                assert_eq!(batch.text(batch.spans[readings]), line);
                assert_eq!(batch.readings[readings], checked.reading);
                assert_eq!(batch.meter(readings), raw.meter);
                readings += 1;
            }
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(reason) => {
                assert_eq!(batch.text(batch.dead[dead].span), line);
                assert_eq!(batch.dead[dead].reason, reason);
                dead += 1;
            }
        }
    }
    assert_eq!((readings, dead), (batch.len(), batch.dead.len()));
});
