//! Any bytes as Modbus requests: on a serial line with and without a right checksum, and in a TCP stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meter_wire::Reading;
use meter_wire::modbus::{Asked, Live, Server, frame_length};

fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    })
}

fuzz_target!(|bytes: &[u8]| {
    let reading = Reading {
        time: 0,
        import: 0,
        export: 0,
        millivolts: Some(0),
        milliamperes: Some(0),
        neutral: None,
        milliwatts: Some(0),
        millivars: Some(0),
        millihertz: None,
        load_millivolts: None,
        sequence: 0,
        events: [0; 4],
        relay: None,
    };
    let live = Live { reading, clock_right: false, command: None, refused: 0 };
    let mut server = Server::new(17).expect("the address is not reserved");
    let mut out = [0; 260];
    let locked = |asked: Option<Asked>| assert!(!matches!(asked, Some(Asked::Relay(_) | Asked::Clock(_))));
    locked(server.serial(bytes, &live, 0, &mut out).1);
    let request = [&[17], bytes].concat();
    let sealed = [&request[..], &checksum(&request).to_le_bytes()].concat();
    let (length, asked) = server.serial(&sealed, &live, 0, &mut out);
    locked(asked);
    assert!(length <= 256);
    let mut stream = bytes;
    while let Ok(Some(length)) = frame_length(stream) {
        let Some((frame, rest)) = stream.split_at_checked(length) else { break };
        locked(server.tcp(frame, &live, 0, &mut out).1);
        stream = rest;
    }
    let framed = [&[0, 1, 0, 0][..], &(request.len() as u16).to_be_bytes(), &request].concat();
    locked(server.tcp(&framed, &live, 0, &mut out).1);
    server.mail();
});
