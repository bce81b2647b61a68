//! Any bytes on the meter's serial line: whatever they are, the next honest frame is heard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meter_wire::line::{LONGEST, Line, encode};

fuzz_target!(|bytes: &[u8]| {
    let mut line = Line::new();
    for byte in bytes {
        if let Some(Ok(message)) = line.feed(*byte) {
            let message = message.to_vec();
            let mut out = [0; LONGEST];
            let length = encode(&message, &mut out).expect("what was heard fits");
            let mut again = Line::new();
            let heard = out[..length]
                .iter()
                .filter_map(|byte| again.feed(*byte).map(|found| found.map(|one| one.to_vec())));
            assert_eq!(heard.last(), Some(Ok(message)));
        }
    }
    let mut out = [0; LONGEST];
    let length = encode(b"honest", &mut out).expect("it is short");
    let mut heard = false;
    for byte in &out[..length] {
        heard = line.feed(*byte) == Some(Ok(&mut b"honest".to_vec()[..]));
    }
    assert!(heard);
});
