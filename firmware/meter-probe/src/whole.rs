//! The whole meter over the same stream: readings, sealed messages, display and flash must be equal on every target.

use crate::Stream;
use crate::keeping::{LAYOUT, Sheet};
pub(crate) use crate::meter::CALIBRATION;
use core::fmt::{self, Write};
use core::hint::black_box;
use ed25519_dalek::SigningKey;
use embedded_storage::nor_flash::{MultiwriteNorFlash, ReadNorFlash};
use meter_app::{Identity, Meter, PAGES, Settings, Switches, prepare};
use meter_core::Samples;
use meter_log::{Calendar, Log};
use meter_tamper::Limits;
use meter_wire::command::{Command, LoadLimit, Rules, Signed};
use meter_wire::image::Installed;
use meter_wire::line;
use meter_wire::message::{Key, LONGEST, Title};
use meter_wire::{HeadEnd, LINE, Name, Trust};

/// 2024-01-05 09:00 UTC.
pub(crate) const BEGIN: u32 = 1_704_445_200;

/// Two intervals of a minute, and a power cut between them.
const SECONDS: u32 = 125;
const CUT_AT: u32 = 70;

const TITLE: Title = Title(*b"GWM\0\0\0\0\x2a");
const KEY: Key = Key(*b"sixteen letters!");

const SETTINGS: Settings = Settings {
    calendar: Calendar { interval_s: 60, offset_s: 19_800, billing_day: 1 },
    limits: Limits { nominal_mv: 230_000, largest_ua: 60_000_000, exports: false },
    disconnected: false,
    load_limit: LoadLimit { watts: 0, seconds: 0, reconnects: 0 },
    paid_until_wh: None,
    rules: Rules { friendly: [0, 0], openers: [0; 4] },
};

/// A meter, the clock of its board, and the gateway that hears and commands it.
pub(crate) struct Place {
    pub(crate) meter: Meter<Sheet>,
    gateway: HeadEnd,
    utility: SigningKey,
    commands: u64,
}

/// What the utility does, second by second.
const COMMANDS: [(u32, Command); 5] = [
    (12, Command::Rules(Rules { friendly: [0, 0], openers: [69, 0, 0, 0] })),
    (50, Command::Disconnect),
    (58, Command::Connect),
    (100, Command::PaidUntil(Some(1))),
    (110, Command::PaidUntil(None)),
];

fn identity(utility: &SigningKey) -> Option<Identity> {
    let key = utility.verifying_key().to_bytes();
    let installed = Installed { maker: key, board: 1, version: [1, 0, 0], slot_bytes: 0 };
    let trust = Trust { utility: key, installed };
    Some(Identity { name: Name::new("M000000000042")?, title: TITLE, address: 17, trust })
}

impl Place {
    pub(crate) fn new() -> Result<Self, fmt::Error> {
        let utility = SigningKey::from_bytes(&[7; 32]);
        let log =
            prepare(Sheet::new(), &LAYOUT, &CALIBRATION, &SETTINGS, (1, KEY)).map_err(|_| fmt::Error)?;
        let identity = identity(&utility).ok_or(fmt::Error)?;
        let meter = Meter::start(log, identity, Some(BEGIN)).map_err(|_| fmt::Error)?;
        Ok(Self { meter, gateway: HeadEnd::new(TITLE, 1, KEY), utility, commands: 0 })
    }

    fn restart(self, now: u32) -> Result<Self, fmt::Error> {
        let Self { meter, gateway, utility, commands } = self;
        let flash = meter.into_log().into_flash();
        let log = Log::open(flash, &LAYOUT).map_err(|_| fmt::Error)?;
        let identity = identity(&utility).ok_or(fmt::Error)?;
        let meter = Meter::start(log, identity, Some(now)).map_err(|_| fmt::Error)?;
        Ok(Self { meter, gateway, utility, commands })
    }

    /// Seals a command as the gateway would.
    fn sealed(&mut self, command: Command, now: u32, out: &mut [u8; LONGEST]) -> Result<usize, fmt::Error> {
        self.commands += 1;
        let signed = Signed { number: self.commands, until: now + 60, command };
        self.gateway.order(&signed, &self.utility, out).ok_or(fmt::Error)
    }
}

/// Runs the meter, and writes each line of JSON, each frame of the line in hexadecimal, the display, and a sum of all
/// its flash.
pub fn whole(out: &mut impl Write) -> fmt::Result {
    let (mut place, mut stream, mut now) = (Place::new()?, Stream::default(), BEGIN);
    let (name, mut pulses) = (Name::new("M000000000042").ok_or(fmt::Error)?, 0_u32);
    for second in 1..=SECONDS {
        let mut block = None;
        for _ in 0..CALIBRATION.sample_rate {
            let mut samples = stream.sample();
            if !place.meter.relay_closed() {
                (samples.phase, samples.neutral) = (0, 0);
            }
            let (ended, pulse) = place.meter.push(samples);
            pulses += u32::from(pulse);
            block = ended.or(block);
        }
        now += 1;
        // A block without a crossing takes longer than a second; none ends twice in one.
        if let Some(block) = block {
            let done = place.meter.block(&block, now, &Switches::default());
            if let Some(reading) = done.reading {
                let mut text = [0; LINE];
                let length = reading.to_json(&name, &mut text).map_err(|_| fmt::Error)?;
                out.write_str(str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)?;
            }
        }
        for (_, command) in COMMANDS.iter().filter(|(at, _)| *at == second) {
            let mut message = [0; LONGEST];
            let length = place.sealed(*command, now, &mut message)?;
            place.meter.hear(&mut message[..length], now);
        }
        if second == CUT_AT {
            place.meter.failing(now);
            speak(out, &mut place.meter)?;
            now += 30;
            place = place.restart(now)?;
        }
        speak(out, &mut place.meter)?;
    }
    for page in 0..PAGES {
        let shown = place.meter.display(page);
        writeln!(out, "display |{}|{}|", shown.lines()[0], shown.lines()[1])?;
    }
    let registers = place.meter.registers();
    let reactive = registers.reactive.map(|register| register.micro());
    writeln!(out, "registers {} {} {reactive:?}", registers.import.micro(), registers.export.micro())?;
    writeln!(out, "pulses {pulses} flash {:08x}", sum(place.meter.into_log().into_flash())?)
}

fn speak<F: MultiwriteNorFlash>(out: &mut impl Write, meter: &mut Meter<F>) -> fmt::Result {
    let mut frame = [0; line::LONGEST];
    while let Some(length) = meter.speak_line(&mut frame) {
        out.write_str("line ")?;
        frame[..length].iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str("\n")?;
    }
    Ok(())
}

/// FNV-1a of all bytes.
fn sum(mut flash: Sheet) -> Result<u32, fmt::Error> {
    let (mut sum, mut bytes) = (0x811C_9DC5_u32, [0; 64]);
    for at in (0..flash.capacity() as u32).step_by(bytes.len()) {
        flash.read(at, &mut bytes).map_err(|_| fmt::Error)?;
        sum = bytes.iter().fold(sum, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }
    Ok(sum)
}

/// Writes instructions of the whole meter: for a block, for a message that is sealed, and for a command that is
/// verified and done. The flash takes no time.
pub fn whole_cost(out: &mut impl Write, counter: impl Fn() -> u64) -> fmt::Result {
    let (mut place, mut stream, mut now) = (Place::new()?, Stream::default(), BEGIN);
    let (mut blocks, mut block_cost, mut messages, mut message_cost) = (0, 0, 0, 0);
    while blocks < 60 {
        let (Some(block), _) = place.meter.push(stream.sample()) else { continue };
        now += 1;
        let before = counter();
        black_box(place.meter.block(black_box(&block), now, &Switches::default()));
        block_cost += counter() - before;
        blocks += 1;
        let (before, mut frame) = (counter(), [0; line::LONGEST]);
        if place.meter.speak_line(&mut frame).is_some() {
            message_cost += counter() - before;
            messages += 1;
        }
    }
    let mut message = [0; LONGEST];
    let length = place.sealed(Command::Disconnect, now, &mut message)?;
    let before = counter();
    place.meter.hear(black_box(&mut message[..length]), now);
    let command_cost = counter() - before;
    if place.meter.relay_closed() {
        return Err(fmt::Error);
    }
    writeln!(out, "cost app-block {}", block_cost / blocks)?;
    writeln!(out, "cost app-message {}", message_cost / messages)?;
    writeln!(out, "cost app-command {command_cost}")?;
    writeln!(out, "cost app-state-bytes {}", size_of::<Meter<crate::keeping::Driverless>>())
}

/// The whole meter with a driver that does nothing, for the size of its code alone; no display.
pub fn whole_size() -> fmt::Result {
    use crate::keeping::Driverless;
    let log = Log::open(black_box(Driverless), black_box(&LAYOUT)).map_err(|_| fmt::Error)?;
    let identity = Identity {
        name: Name::new(black_box("M42")).ok_or(fmt::Error)?,
        title: TITLE,
        address: black_box(17),
        trust: Trust {
            utility: black_box([1; 32]),
            installed: Installed { maker: [1; 32], board: 1, version: [1, 0, 0], slot_bytes: 0 },
        },
    };
    let mut meter = Meter::start(log, identity, black_box(Some(1))).map_err(|_| fmt::Error)?;
    let mut frame = [0; line::LONGEST];
    let mut modbus = [0; 260];
    loop {
        let (block, pulse) = meter.push(black_box(Samples::default()));
        black_box(pulse);
        if let Some(block) = block {
            black_box(meter.block(&block, black_box(2), &black_box(Switches::default())));
            black_box(meter.relay_closed());
            black_box(meter.take_clock());
        }
        meter.hear_byte(black_box(0), black_box(2));
        black_box(meter.speak_line(&mut frame));
        black_box(meter.modbus_serial(black_box(&[0; 8]), black_box(2), &mut modbus));
        meter.failing(black_box(2));
    }
}
