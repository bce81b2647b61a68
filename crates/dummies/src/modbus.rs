//! Meters as units of a Modbus server in TCP.

use crate::dummy::Dummy;
use meter_wire::modbus::frame_length;
use shell::{Stop, spawn};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread::{self, Scope};
use std::time::Duration;

const SLICE: Duration = Duration::from_millis(100);

/// The meters that are asked, in the order of their units.
pub type Units<'a> = RwLock<Vec<&'a Mutex<Dummy>>>;

/// Answers until the end.
pub fn listen<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    listener: &TcpListener,
    units: &'env Units<'env>,
    stop: &'env Stop,
) {
    while !stop.is_asked() {
        match listener.accept() {
            Ok((stream, _)) => drop(spawn(scope, "modbus".to_owned(), move || answer(stream, units, stop))),
            Err(_) => thread::sleep(SLICE),
        }
    }
}

/// One connection, until it ends or is no Modbus.
fn answer(mut stream: TcpStream, units: &Units<'_>, stop: &Stop) {
    let prepared = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(SLICE)));
    let (mut waiting, mut bytes) = (Vec::new(), [0; 512]);
    while prepared.is_ok() && !stop.is_asked() {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => waiting.extend_from_slice(&bytes[..count]),
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => return,
        }
        loop {
            let length = match frame_length(&waiting) {
                Ok(Some(length)) if length <= waiting.len() => length,
                Ok(_) => break,
                Err(_) => return,
            };
            let request: Vec<u8> = waiting.drain(..length).collect();
            let units = units.read().unwrap_or_else(PoisonError::into_inner);
            let unit = usize::from(request[6]).checked_sub(1).and_then(|place| units.get(place));
            let Some(dummy) = unit else { continue };
            let mut dummy = dummy.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut out, now) = ([0; 260], dummy.now());
            let length = dummy.meter.modbus_tcp(&request, now, &mut out);
            drop(dummy);
            if stream.write_all(&out[..length]).is_err() {
                return;
            }
        }
    }
}
