//! Any bytes as a message of a meter; sealed with its key too, or the fuzzer would never get past the tag.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meter_wire::message::{Header, Key, Kind, LONGEST, Title, open, seal};
use meter_wire::{Answer, HeadEnd};

fuzz_target!(|bytes: &[u8]| {
    let (title, key) = (Title([1; 8]), Key([2; 16]));
    let mut gateway = HeadEnd::new(title, 1, key);
    assert!(gateway.receive(&mut bytes.to_vec()).is_err());
    assert!(open(&key, &mut bytes.to_vec()).is_err());
    for (number, kind) in (0..).zip([Kind::Reading, Kind::Acknowledgement, Kind::Command]) {
        let mut out = [0; LONGEST];
        let header = Header { kind, title, generation: 1, number };
        let Some(length) = seal(&key, &header, bytes, &mut out) else { continue };
        match gateway.receive(&mut out[..length]) {
            Ok(heard) => match heard.answer {
                Answer::Reading(frame) => assert_eq!(frame, bytes),
                Answer::Acknowledgement(one) => assert_eq!(&one.to_bytes()[..], bytes),
            },
            Err(_) => assert_ne!(kind, Kind::Reading),
        }
    }
});
