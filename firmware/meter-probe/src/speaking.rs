//! A meter on a board whose serial port leads to a gateway: `scripts/meter-check --qemu`.

use crate::whole::{CALIBRATION, Place};
use crate::{Stream, whole::BEGIN};
use core::fmt::{self, Write};
use meter_app::Switches;
use meter_wire::line;

/// The serial port of a board.
pub trait Port {
    /// A byte that came, if one did.
    fn read(&mut self) -> Option<u8>;
    /// Sends a byte.
    fn write(&mut self, byte: u8);
}

/// How long the meter runs by its samples: ten intervals of a minute and the begin of another.
const SECONDS: u32 = 605;

/// Looks at the port without a byte until nothing more is expected: a byte needs a while from the host to the board.
const QUIET: u32 = 3_000;

/// So often the meter looks for the receipts that are missing at the end.
const LAST: u32 = 100_000;

/// After so many of them what was sent last is sent again.
const PATIENCE: u32 = 1_000;

/// Runs a meter on a port. An error if its last registers got no receipt.
pub fn speaking(port: &mut impl Port) -> fmt::Result {
    let (mut place, mut stream, mut now) = (Place::new()?, Stream::default(), BEGIN);
    for _ in 0..SECONDS {
        second(&mut place, &mut stream, &mut now);
        exchange(&mut place, port, now);
    }
    for round in 1..=LAST {
        exchange(&mut place, port, now);
        if !place.meter.intervals_wait() {
            return Ok(());
        }
        // Its clock stands still, so that no minute without a receipt passes.
        if round % PATIENCE == 0 {
            place.meter.new_line();
        }
    }
    Err(fmt::Error)
}

/// What the gateway has to hear of it: the end of each interval, and the register in Wh.
pub fn expected(out: &mut impl Write) -> fmt::Result {
    let (mut place, mut stream, mut now) = (Place::new()?, Stream::default(), BEGIN);
    for _ in 0..SECONDS {
        if second(&mut place, &mut stream, &mut now) {
            let end = now / 60 * 60;
            writeln!(out, "{end},{}", place.meter.import_micro() / 1_000_000)?;
        }
    }
    Ok(())
}

/// A second of samples: whether an interval ended.
fn second(place: &mut Place, stream: &mut Stream, now: &mut u32) -> bool {
    let mut block = None;
    for _ in 0..CALIBRATION.sample_rate {
        block = place.meter.push(stream.sample()).0.or(block);
    }
    *now += 1;
    block.is_some_and(|block| place.meter.block(&block, *now, &Switches::default()).interval)
}

fn exchange(place: &mut Place, port: &mut impl Port, now: u32) {
    let mut frame = [0; line::LONGEST];
    while let Some(length) = place.meter.speak_line(&mut frame) {
        frame[..length].iter().for_each(|byte| port.write(*byte));
    }
    let mut quiet = 0;
    while quiet < QUIET {
        match port.read() {
            Some(byte) => {
                place.meter.hear_byte(byte, now);
                quiet = 0;
            }
            None => quiet += 1,
        }
    }
}
