//! The threads: one that listens, one for each connection and each polled meter, one that hands on, one that commits.

use crate::desk::Took;
use crate::meters::MeterRow;
use crate::modbus;
use crate::sink::Sink;
use crate::store::Store;
use meter_wire::line::{self, Line};
use meter_wire::message::Title;
use reading::EventTime;
use shell::{Failure, Stop, spawn, telemetry};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often what came is made safe, and receipts leave.
const COMMIT: Duration = Duration::from_millis(200);

/// How soon a connection notices that there is something to send, or that the gateway ends.
const SLICE: Duration = Duration::from_millis(100);

/// A connection without a byte for so long is closed: its meter sends every five seconds.
const SILENT: Duration = Duration::from_secs(600);

/// A sink that fails is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the last readings may take on their way to the sink once the gateway is to end.
const LAST: Duration = Duration::from_secs(10);

/// Connections at once. Each is a thread.
const MOST_CONNECTIONS: usize = 4_000;

/// Commits between two files of the status.
const STATUS: u64 = 10;

/// What a gateway works with.
#[derive(Debug, Clone)]
pub struct Serve {
    /// Where meters connect with serial frames.
    pub listen: String,
    /// Who is trusted.
    pub meters: Vec<MeterRow>,
    /// The folder for what must not be lost.
    pub store: PathBuf,
    /// How often meters on Modbus are asked.
    pub poll: Duration,
}

/// What the threads share.
pub(crate) struct Shared {
    store: Mutex<Store>,
    /// On which connection a meter was heard last.
    reached: Mutex<BTreeMap<Title, usize>>,
    /// Messages that may leave, by meter.
    outgoing: Mutex<BTreeMap<Title, Vec<Vec<u8>>>>,
    connections: AtomicUsize,
    stop: Stop,
}

/// Runs until a signal, so it never ends well by itself. `begun` hears the address once meters can connect.
pub fn serve(
    args: &Serve,
    sink: &mut impl Sink,
    stop: &Stop,
    begun: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let store = Store::open(&args.store, &args.meters)?;
    let cannot = |cause| Failure::failed(format!("cannot listen on {}", args.listen), &cause).as_wrong();
    let listener = TcpListener::bind(&args.listen).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    begun(listener.local_addr().map_err(cannot)?);
    let shared = Shared {
        store: Mutex::new(store),
        reached: Mutex::default(),
        outgoing: Mutex::default(),
        connections: AtomicUsize::new(0),
        stop: stop.clone(),
    };
    let shared = &shared;
    thread::scope(|scope| {
        spawn(scope, "listen".to_owned(), move || listen(scope, &listener, shared))?;
        for (number, row) in args.meters.iter().enumerate() {
            let Some(address) = &row.modbus else { continue };
            // Numbers of connections begin behind those of the pollers.
            spawn(scope, format!("modbus {}", row.name), move || {
                modbus::poll(shared, number, row, address, args.poll);
            })?;
        }
        let delivering = spawn(scope, "deliver".to_owned(), move || deliver(shared, sink))?;
        let committed = commit_until_stopped(shared);
        // Without a commit nothing may go on: all threads end.
        if committed.is_err() {
            shared.stop.ask();
        }
        shell::join(delivering);
        committed?;
        // Where the last readings went.
        shared.commit().map(drop)
    })?;
    let rest = if shared.store().spool.waits() { "; some wait in the store for the next start" } else { "" };
    let signal = stop.signal().unwrap_or_default();
    Err(Failure::stopped(signal, format!("what meters sent is kept{rest}")))
}

fn commit_until_stopped(shared: &Shared) -> Result<(), Failure> {
    let mut rounds = 0_u64;
    loop {
        let is_last = shared.stop.is_asked();
        let outgoing = shared.commit()?;
        let mut waiting = lock(&shared.outgoing);
        for (title, message) in outgoing {
            waiting.entry(title).or_default().push(message);
        }
        drop(waiting);
        if rounds.is_multiple_of(STATUS) || is_last {
            let reached = lock(&shared.reached).clone();
            let store = lock(&shared.store);
            store.write_status(|title| reached.contains_key(title)).map_err(|cause| cannot_keep(&cause))?;
        }
        if is_last {
            return Ok(());
        }
        rounds += 1;
        thread::sleep(COMMIT);
    }
}

fn cannot_keep(cause: &std::io::Error) -> Failure {
    Failure::failed("cannot keep what meters send: no receipt was sent for it, and they send it again", cause)
}

fn listen<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    listener: &TcpListener,
    shared: &'env Shared,
) {
    let mut number = usize::MAX / 2;
    while !shared.stop.is_asked() {
        let Ok((stream, peer)) = listener.accept() else {
            thread::sleep(SLICE);
            continue;
        };
        if shared.connections.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            telemetry::meters_refused(peer, MOST_CONNECTIONS);
            continue;
        }
        number += 1;
        let own = number;
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            let why = talk(shared, own, stream);
            telemetry::meter_line_closed(peer, &why);
            lock(&shared.reached).retain(|_, connection| *connection != own);
            shared.connections.fetch_sub(1, Ordering::Relaxed);
        };
        if spawn(scope, format!("meter {peer}"), work).is_err() {
            shared.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// One connection, until it ends: why it did.
fn talk(shared: &Shared, own: usize, mut stream: TcpStream) -> String {
    let prepared = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(SLICE)))
        .and_then(|()| stream.set_write_timeout(Some(Duration::from_secs(5))))
        .and_then(|()| stream.set_nodelay(true));
    if let Err(cause) = prepared {
        return cause.to_string();
    }
    let (mut line, mut bytes, mut silent) = (Line::new(), [0; 4_096], Duration::ZERO);
    while !shared.stop.is_asked() {
        match stream.read(&mut bytes) {
            Ok(0) => return "the meter closed it".to_owned(),
            Ok(count) => {
                silent = Duration::ZERO;
                bytes[..count].iter().for_each(|byte| shared.byte(own, &mut line, *byte));
            }
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                silent += SLICE;
                if silent >= SILENT {
                    return "silent for ten minutes".to_owned();
                }
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
            Err(cause) => return cause.to_string(),
        }
        for message in shared.take_outgoing(own) {
            let mut frame = [0; line::LONGEST];
            let Some(length) = line::encode(&message, &mut frame) else { continue };
            if let Err(cause) = stream.write_all(&frame[..length]) {
                return cause.to_string();
            }
        }
    }
    "the gateway ends".to_owned()
}

impl Shared {
    /// Until a signal.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }

    /// The desk and the disk.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// A meter can be reached by this connection from now on.
    pub(crate) fn reach(&self, title: Title, own: usize) {
        lock(&self.reached).insert(title, own);
    }

    /// It cannot any more.
    pub(crate) fn lose(&self, title: Title, own: usize) {
        let mut reached = lock(&self.reached);
        if reached.get(&title) == Some(&own) {
            reached.remove(&title);
        }
    }

    /// What may leave by this connection.
    pub(crate) fn take_outgoing(&self, own: usize) -> Vec<Vec<u8>> {
        let reached = lock(&self.reached);
        let mut outgoing = lock(&self.outgoing);
        let titles: Vec<Title> =
            outgoing.keys().filter(|title| reached.get(title) == Some(&own)).copied().collect();
        titles.iter().filter_map(|title| outgoing.remove(title)).flatten().collect()
    }

    fn byte(&self, own: usize, line: &mut Line, byte: u8) {
        // What is no frame was noise; the meter's own message comes again or is followed by the next.
        let Some(Ok(message)) = line.feed(byte) else { return };
        match self.store().desk.hear(message, now()) {
            (Some(title), _) => self.reach(title, own),
            (None, Took::Unknown { first: true }) => {
                if let Ok(header) = meter_wire::message::Header::claimed(message) {
                    telemetry::unknown_meter(&crate::hex(&header.title.0));
                }
            }
            (None, _) => {}
        }
    }

    fn commit(&self) -> Result<Vec<(Title, Vec<u8>)>, Failure> {
        let reached = lock(&self.reached).clone();
        let committed = self.store().commit(now(), |title| reached.contains_key(title));
        committed.map_err(|cause| cannot_keep(&cause))
    }
}

/// Hands the spool on, until all of it is there once the gateway is to end.
fn deliver(shared: &Shared, sink: &mut impl Sink) {
    let (mut has_failed, mut left) = (false, LAST);
    loop {
        let next = shared.store().spool.next();
        let stopped = shared.stop.is_asked();
        let failure = match next {
            Ok(None) if stopped => return,
            Ok(None) => {
                thread::sleep(SLICE);
                continue;
            }
            Ok(Some((lines, until))) => match sink.put(&lines) {
                Ok(()) => {
                    shared.store().spool.deliver(until);
                    if has_failed {
                        telemetry::readings_go_on();
                    }
                    has_failed = false;
                    continue;
                }
                Err(why) => why,
            },
            Err(cause) => cause.to_string(),
        };
        if !has_failed {
            telemetry::readings_wait(&failure);
        }
        has_failed = true;
        if stopped && left.is_zero() {
            // They are in the spool, and go on with the next start.
            return;
        }
        thread::sleep(AGAIN);
        left = if stopped { left.saturating_sub(AGAIN) } else { LAST };
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell owns the clock")]
pub(crate) fn now() -> EventTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
