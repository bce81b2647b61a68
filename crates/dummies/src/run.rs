//! As many meters as are asked for, each on a thread, and what they show.

use crate::dummy::Dummy;
use crate::line::Line;
use crate::modbus::{Units, listen};
use crate::store;
use meter_app::PAGES;
use meter_synth::Wiring;
use meter_tamper::Kind;
use meter_wire::line::LONGEST;
use reading::MeterId;
use shell::{Failure, Stop, join, print, spawn, telemetry};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the console shows all meters.
const SHOWN: Duration = Duration::from_secs(5);

const SLICE: Duration = Duration::from_millis(50);

/// How long the last readings of registers may wait for their receipts at the end.
const LAST: Duration = Duration::from_secs(30);

/// What is booted.
#[derive(Debug, Clone)]
pub struct Meters {
    /// How many.
    pub count: usize,
    /// The folder of their keys and flashes.
    pub store: PathBuf,
    /// The gateway, if they have a serial line to one: `HOST:PORT`.
    pub serial: Option<String>,
    /// Where they answer Modbus, if they do: `HOST:PORT`.
    pub modbus: Option<String>,
    /// The public key of the utility whose commands they do.
    pub utility: Option<PathBuf>,
    /// Of their homes.
    pub seed: u64,
    /// How many times faster than the clock; 0 is as fast as this machine can.
    pub speed: f64,
    /// Their clocks begin here; without it, now.
    pub begin: Option<u32>,
    /// They end after so many seconds of their clocks.
    pub seconds: Option<u32>,
    /// The number in the name of the first.
    pub first: usize,
    /// Of so many of them a part of the load returns through earth,
    pub earth_return: usize,
    /// from this second on, and this part.
    pub earth_return_from: (u32, f64),
    /// A CSV file of what really flowed at the end of each interval.
    pub truth: Option<PathBuf>,
}

struct Booted {
    name: MeterId,
    dummy: Mutex<Dummy>,
    line_is_up: Mutex<bool>,
}

/// Boots them, and shows them until they end or a signal comes.
pub fn run(args: &Meters, quiet: bool) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let utility = args.utility.as_deref().map_or(Ok([0; 32]), gateway::orders::read_public)?;
    let begin = args.begin.unwrap_or_else(now);
    let mut booted = Vec::new();
    for (place, row) in store::meters(&args.store, args.first, args.count)?.iter().enumerate() {
        let own = store::own(row, place, utility, args.seed);
        let path = store::flash(&args.store, &row.name);
        let dummy = Dummy::start(&own, &path, begin).map_err(|cause| {
            Failure::failed(format!("cannot start meter {} of {}", row.name, path.display()), cause.as_ref())
        })?;
        booted.push(Booted { name: row.name, dummy: Mutex::new(dummy), line_is_up: Mutex::new(false) });
    }
    let units: Units<'_> = booted.iter().map(|one| &one.dummy).collect::<Vec<_>>().into();
    let listener = args.modbus.as_deref().map(bind).transpose()?;
    telemetry::dummies_boot(booted.len(), &store::keys(&args.store));
    let (truth, signal) = thread::scope(|scope| {
        let (booted, units, stop) = (&booted, &units, &stop);
        // It ends with the meters, also where no signal asks it to.
        if let Some(listener) = &listener {
            spawn(scope, "listen".to_owned(), move || listen(scope, listener, units, stop))?;
        }
        let mut threads = Vec::new();
        for (place, one) in booted.iter().enumerate() {
            let steals_from = (place < args.earth_return).then_some(args.earth_return_from);
            threads.push(spawn(scope, one.name.to_string(), move || live(args, one, steals_from, stop))?);
        }
        let mut shown = Duration::ZERO;
        while threads.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(SLICE);
            shown += SLICE;
            if shown >= SHOWN && !quiet {
                shown = Duration::ZERO;
                show(booted)?;
            }
        }
        let truths: Vec<String> = threads.into_iter().map(join).collect();
        let signal = stop.signal();
        stop.ask();
        Ok((truths.concat(), signal))
    })?;
    if let Some(path) = &args.truth {
        let text = format!("meter,end,metered_wh,consumed_wh\n{truth}");
        fs::write(path, text)
            .map_err(|cause| Failure::failed(format!("cannot write {}", path.display()), &cause))?;
    }
    if !quiet {
        show(&booted)?;
    }
    signal.map_or(Ok(()), |signal| Err(Failure::stopped(signal, "the meters keep what is in their flash")))
}

fn bind(address: &str) -> Result<TcpListener, Failure> {
    let cannot = |cause| Failure::failed(format!("cannot listen on {address}"), &cause).as_wrong();
    let listener = TcpListener::bind(address).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    Ok(listener)
}

/// The life of a meter: the rows of its truth.
#[expect(clippy::disallowed_methods, reason = "a dummy keeps pace with the clock")]
fn live(args: &Meters, one: &Booted, steals_from: Option<(u32, f64)>, stop: &Stop) -> String {
    let began = Instant::now();
    let mut line = args.serial.as_deref().map(Line::new);
    let (mut truth, mut frame) = (String::new(), [0; LONGEST]);
    let first = lock(&one.dummy).now();
    loop {
        let mut dummy = lock(&one.dummy);
        let since = dummy.now().saturating_sub(first);
        if stop.is_asked() || args.seconds.is_some_and(|seconds| since >= seconds) {
            break;
        }
        if let Some((second, share)) = steals_from
            && since >= second
        {
            dummy.wire(Wiring::EarthReturn(share));
        }
        if dummy.step().interval {
            let flowed = dummy.truth();
            let [metered, consumed] = [flowed.metered, flowed.consumed].map(|joules| joules / 3_600.0);
            let interval = 900;
            let end = dummy.now() / interval * interval;
            truth += &format!("{},{end},{metered:.3},{consumed:.3}\n", one.name);
        }
        if let Some(line) = &mut line {
            exchange(&mut dummy, line, &mut frame);
            *lock(&one.line_is_up) = line.is_up();
        }
        let since = dummy.now().saturating_sub(first);
        drop(dummy);
        if args.speed > 0.0 {
            let due = began + Duration::from_secs_f64(f64::from(since) / args.speed);
            while Instant::now() < due && !stop.is_asked() {
                thread::sleep(due.saturating_duration_since(Instant::now()).min(SLICE));
            }
        }
    }
    if stop.is_asked() {
        // A signal is a supply that fails: the registers are saved, and the last words go out.
        let mut dummy = lock(&one.dummy);
        let now = dummy.now();
        dummy.meter.failing(now);
        if let Some(line) = &mut line {
            exchange(&mut dummy, line, &mut frame);
        }
    } else if let Some(line) = &mut line {
        finish(one, line, &mut frame, stop);
    }
    truth
}

fn exchange(dummy: &mut Dummy, line: &mut Line, frame: &mut [u8; LONGEST]) {
    if line.connect() {
        dummy.meter.new_line();
    }
    let now = dummy.now();
    line.hear(|byte| dummy.meter.hear_byte(byte, now));
    while line.is_up()
        && let Some(length) = dummy.meter.speak_line(frame)
    {
        line.say(&frame[..length]);
    }
}

/// Waits until the gateway has the last registers.
fn finish(one: &Booted, line: &mut Line, frame: &mut [u8; LONGEST], stop: &Stop) {
    let mut waited = Duration::ZERO;
    while waited < LAST && !stop.is_asked() {
        let mut dummy = lock(&one.dummy);
        exchange(&mut dummy, line, frame);
        if !dummy.meter.intervals_wait() {
            return;
        }
        drop(dummy);
        thread::sleep(SLICE);
        waited += SLICE;
    }
    telemetry::dummy_not_heard(one.name.as_str());
}

/// A line for each meter: what its display shows, and what is wrong with it.
fn show(booted: &[Booted]) -> Result<(), Failure> {
    let mut text = String::new();
    for one in booted {
        let dummy = lock(&one.dummy);
        let line = if *lock(&one.line_is_up) { "up" } else { "-" };
        let page = |page: usize| {
            let lines = dummy.meter.display(page % PAGES).lines().map(str::trim).join(" ");
            lines.replace("IMPORT ", "")
        };
        let events: Vec<&str> =
            Kind::ALL.into_iter().filter(|kind| dummy.meter.is_active(*kind)).map(Kind::name).collect();
        text += &format!(
            "{}  line {line:<2}  {:>14}  {:>20}  {:>22}  {}  {}\n",
            one.name,
            page(0),
            page(1),
            page(2),
            page(4).trim(),
            events.join(" ")
        );
    }
    print(&text)
}

#[expect(clippy::disallowed_methods, reason = "a dummy's clock begins now")]
fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
