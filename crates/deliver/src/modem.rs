//! Short messages over a GSM modem at a serial port, by AT commands in PDU mode (3GPP TS 27.005).

mod pdu;
mod port;
mod sent;

use crate::Problem;
use crate::calls::Reply;
use crate::secret::Secret;
use outbox::{Answer, Submission};
use port::{Port, Said};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Ends a PDU.
const END: &str = "\u{1a}";
/// A modem answers a command about itself within this, or is no modem.
const ABOUT_ITSELF: Duration = Duration::from_secs(3);

/// A modem.
#[derive(Debug)]
pub struct Modem {
    /// The serial port, such as `/dev/ttyUSB0`.
    pub device: PathBuf,
    /// Its speed.
    pub baud: u32,
    /// What unlocks the SIM, if it is locked.
    pub pin: Option<Secret>,
    /// Whether the SIM refused the PIN: a third wrong one locks it for good.
    is_refused: AtomicBool,
    /// Open while the modem answers.
    port: Mutex<Option<Port>>,
    /// The places of messages of phones that were reported and are not deleted yet.
    reported: Mutex<BTreeSet<u32>>,
}

impl Modem {
    /// A modem that nobody has spoken to yet.
    pub fn new(device: PathBuf, baud: u32, pin: Option<Secret>) -> Self {
        Self {
            device,
            baud,
            pin,
            is_refused: AtomicBool::new(false),
            port: Mutex::new(None),
            reported: Mutex::default(),
        }
    }

    fn unreachable(&self, source: io::Error) -> Problem {
        Problem::Unreachable { address: self.device.display().to_string(), source }
    }

    /// Opens the port, and sets the modem up.
    pub(crate) fn reach(&self, _within: Duration) -> Result<(), Problem> {
        let mut kept = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = Some(self.open().map_err(|source| self.unreachable(source))?);
        }
        Ok(())
    }

    fn open(&self) -> io::Result<Port> {
        let mut port = Port::open(&self.device, self.baud)?;
        // A modem that was left in the middle of a message waits for its end.
        port.write("\u{1b}\r")?;
        port.drain()?;
        for command in ["AT", "ATE0", "AT+CMEE=1"] {
            port.ask(command, ABOUT_ITSELF)?.done(command)?;
        }
        let state = port.ask("AT+CPIN?", ABOUT_ITSELF)?;
        if state.lines.iter().any(|line| line == "+CPIN: SIM PIN") {
            let Some(pin) = &self.pin else {
                return Err(io::Error::other("the SIM is locked: the gateway needs `pin`"));
            };
            if self.is_refused.load(Ordering::Relaxed) {
                return Err(io::Error::other("the SIM refused the PIN, which is not tried again"));
            }
            let unlocked = port.ask(&format!("AT+CPIN=\"{}\"", pin.reveal()), ABOUT_ITSELF)?;
            self.is_refused.store(!unlocked.is_ok, Ordering::Relaxed);
            unlocked.done("AT+CPIN")?;
        } else {
            state.done("AT+CPIN?")?;
        }
        port.ask("AT+CMGF=0", ABOUT_ITSELF)?.done("AT+CMGF=0")?;
        Ok(port)
    }

    /// What phones sent and the modem keeps, each at its place. What nobody can answer is None.
    pub(crate) fn came(&self) -> Result<Vec<Came>, Problem> {
        let mut kept = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(port) = kept.as_mut() else { return Ok(vec![]) };
        // All of them, in PDU mode. A modem without a place for them has none.
        let said = match port.ask("AT+CMGL=4", ABOUT_ITSELF) {
            Ok(said) => said,
            Err(error) => {
                *kept = None;
                return Err(self.unreachable(error));
            }
        };
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let mut came = listed(&said.lines);
        came.retain(|(place, _)| reported.insert(*place));
        Ok(came)
    }

    /// Deletes what a phone sent: it is stored elsewhere.
    pub(crate) fn forget(&self, place: u32) {
        let mut kept = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        // What cannot be deleted now is reported again after the next start.
        let is_deleted = kept
            .as_mut()
            .and_then(|port| port.ask(&format!("AT+CMGD={place}"), ABOUT_ITSELF).ok())
            .is_some_and(|said| said.is_ok);
        if is_deleted {
            self.reported.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
        }
    }

    pub(crate) fn send(&self, submission: &Submission, within: Duration) -> Reply {
        let mut kept = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(port) = kept.as_mut() else {
            return Reply::Unreachable(self.unreachable(io::Error::other("the port is closed")));
        };
        let (bytes, pdu) = pdu::submit(submission);
        let asked =
            port.write(&format!("AT+CMGS={bytes}\r")).and_then(|()| port.wait_for_prompt(ABOUT_ITSELF));
        match asked {
            Ok(None) => {}
            Ok(Some(said)) => return Reply::Answer(refused(&said)),
            // Nothing of the message is out.
            Err(error) => {
                *kept = None;
                return Reply::Unreachable(self.unreachable(error));
            }
        }
        match port.write(&format!("{pdu}{END}")).and_then(|()| port.read_answer(within)) {
            Ok(said) if said.is_ok => {
                let reference = said.lines.iter().find_map(|line| line.strip_prefix("+CMGS: "));
                let reference = reference.unwrap_or_default().trim();
                // A reference comes again after 256 messages.
                let remote = format!("{}-{}-{reference}", submission.number, submission.part);
                Reply::Answer(Answer::Accepted { remote })
            }
            Ok(said) => Reply::Answer(refused(&said)),
            Err(error) => {
                *kept = None;
                Reply::Lost { reason: format!("no answer: {error}"), problem: self.unreachable(error) }
            }
        }
    }
}

/// A place and what stands there: the number of the phone and the text, if somebody can answer.
type Came = (u32, Option<(String, String)>);

/// The messages of a list: a line about each, and a line with its PDU (3GPP TS 27.005, 4.1). What we sent and is kept as well
/// is not meant.
fn listed(lines: &[String]) -> Vec<Came> {
    let one = |two: &[String]| {
        let mut about = two[0].strip_prefix("+CMGL: ")?.split(',');
        let (place, state) = (about.next()?.trim().parse().ok()?, about.next()?.trim());
        matches!(state, "0" | "1").then(|| (place, sent::read(&two[1])))
    };
    lines.windows(2).filter_map(one).collect()
}

/// What a refusal means (3GPP TS 27.005, 3.2.5; TS 24.011, annex E-2).
fn refused(said: &Said) -> Answer {
    let code =
        said.lines.iter().find_map(|line| line.strip_prefix("+CMS ERROR: ")?.trim().parse::<u32>().ok());
    let reason = match code {
        Some(code) => format!("the modem answered error {code}"),
        None => "the modem answered an error".to_owned(),
    };
    match code {
        // The number, or the message itself.
        Some(1 | 21 | 28 | 30 | 304 | 305) => Answer::Never { reason },
        _ => Answer::NotNow { reason },
    }
}

#[cfg(test)]
mod tests;
