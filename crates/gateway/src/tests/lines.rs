//! A gateway on a real socket, with a sink that is away at first.

use super::{NOW, TITLE, frame, row, sealed};
use crate::{Serve, Sink, serve};
use meter_wire::line::{self, Line};
use meter_wire::message::{Header, Kind};
use meter_wire::modbus::registers::INPUTS;
use shell::Stop;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Refuses the first time, and keeps what comes then.
struct Shaky(Arc<Mutex<(u32, Vec<u8>)>>);

impl Sink for Shaky {
    fn put(&mut self, lines: &[u8]) -> Result<(), String> {
        let mut kept = self.0.lock().unwrap();
        kept.0 += 1;
        if kept.0 == 1 {
            return Err("away".to_owned());
        }
        kept.1.extend_from_slice(lines);
        Ok(())
    }
}

#[test]
fn readings_reach_the_sink_once_and_the_meter_gets_its_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let work =
        Serve { listen: "127.0.0.1:0".to_owned(), meters: vec![row()], store, poll: Duration::from_secs(1) };
    let (kept, stop) = (Arc::new(Mutex::new((0, Vec::new()))), Stop::default());
    let (to, address) = mpsc::channel();
    let ended = thread::scope(|scope| {
        let (mut sink, stop, work) = (Shaky(Arc::clone(&kept)), &stop, &work);
        let gateway = scope.spawn(move || serve(work, &mut sink, stop, |address| to.send(address).unwrap()));
        let mut stream = TcpStream::connect(address.recv().unwrap()).unwrap();
        let mut out = [0; line::LONGEST];
        for (number, live) in [(1, true), (2, false), (2, false), (3, false)] {
            let message = sealed(TITLE, Kind::Reading, number, &frame("M42", NOW, 100, live));
            let length = line::encode(&message, &mut out).unwrap();
            stream.write_all(b"noise").unwrap();
            stream.write_all(&out[..length]).unwrap();
        }
        let (mut line, mut byte) = (Line::new(), [0]);
        let receipt = loop {
            stream.read_exact(&mut byte).unwrap();
            if let Some(Ok(message)) = line.feed(byte[0]) {
                break Header::claimed(message).unwrap();
            }
        };
        assert_eq!((receipt.kind, receipt.title), (Kind::Receipt, TITLE));
        while kept.lock().unwrap().1.is_empty() {
            thread::sleep(Duration::from_millis(20));
        }
        stop.ask();
        gateway.join().unwrap()
    });
    assert!(ended.unwrap_err().to_string().contains("stopped: what meters sent is kept\n"));
    let kept = kept.lock().unwrap();
    assert_eq!(String::from_utf8_lossy(&kept.1).lines().count(), 2);
}

#[test]
fn registers_of_modbus_are_a_reading() {
    let mut words = [0; INPUTS];
    words[..2].copy_from_slice(&[1, 0b111]);
    let mut put = |at: usize, value: u64, count: usize| {
        for place in 0..count {
            words[at + place] = (value >> (16 * (count - 1 - place))) as u16;
        }
    };
    put(2, NOW.into(), 2);
    put(4, 1_048_213, 4);
    put(12, 231_400, 2);
    put(14, (-4_120_i32 as u32).into(), 2);
    put(16, (i32::MIN as u32).into(), 2);
    put(18, (-931_000_i64) as u64, 4);
    put(22, i64::MIN as u64, 4);
    put(34, 69, 1);
    put(38, 17, 4);
    put(42, 256 + 25, 1);
    let seen = crate::modbus::read(row().name, &words).unwrap();
    let mut text = Vec::new();
    wire::json::encode(&seen.raw, &mut text);
    expect_test::expect![[r#"{"meter":"M42","time":1704445200000,"imp":1048213,"exp":0,"v":231.4,"i":-4.12,"vl":0,"p":-931,"f":0,"ev":[69],"relay":"on","seq":0}"#]]
        .assert_eq(&String::from_utf8(text).unwrap());
    assert_eq!(format!("{:?}", seen.command.unwrap().outcome), "Refused(Value)");
    words[0] = 2;
    assert!(crate::modbus::read(row().name, &words).is_none());
}
