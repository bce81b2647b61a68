//! SMPP 3.4 over TCP or TLS, as a client that sends messages and gets receipts on one connection.

pub mod pdu;
mod receipt;
mod sent;
mod session;
mod stream;

pub use receipt::read_receipt;
pub use sent::read_text;
pub use session::{Heard, Link, Problem, Smpp, connect};
pub use stream::{Tls, TlsError};

use crate::registration::Entry;
use notify::channels::sms::alphabet::{Alphabet, parts};
use outbox::{Answer, Submission};
use pdu::{Address, Submit};

/// A part of a longer message: its bytes begin with a header that joins it with the others.
const UDHI: u8 = 0x40;
/// A receipt is wanted of what becomes of the message in the end.
const RECEIPT: u8 = 1;
const DATA_CODING_UCS2: u8 = 8;

/// The part that is to be submitted, as SMPP carries it. `entry` says which registered text the message is.
pub fn submit_of(submission: &Submission, source: &Address, entry: Option<&Entry<'_>>) -> Submit {
    let (alphabet, texts) = parts(&submission.text);
    let text = texts.get(usize::from(submission.part)).copied().unwrap_or_default();
    let mut message = Vec::new();
    if texts.len() > 1 {
        // Concatenated short messages, 8-bit reference (3GPP TS 23.040, 9.2.3.24.1). Phones take the sender into account,
        // so a reference that comes again after 256 messages joins nothing wrong.
        let (all, this) = (texts.len() as u8, submission.part as u8 + 1);
        message.extend_from_slice(&[5, 0, 3, submission.number as u8, all, this]);
    }
    message.extend(alphabet.bytes(text));
    Submit {
        source: source.clone(),
        destination: Address::of_phone(&submission.line),
        esm_class: if texts.len() > 1 { UDHI } else { 0 },
        registered_delivery: RECEIPT,
        data_coding: if alphabet == Alphabet::Ucs2 { DATA_CODING_UCS2 } else { 0 },
        message,
        registered: entry.map(|entry| (entry.entity.to_owned(), entry.template.to_owned())),
    }
}

/// In how many parts a text goes out.
pub fn parts_of(text: &str) -> u16 {
    u16::try_from(parts(text).1.len()).unwrap_or(u16::MAX)
}

/// What the status of an answer means (SMPP 3.4, 5.1.3).
pub fn answer_of(status: u32, remote: String) -> Answer {
    match status {
        0 => Answer::Accepted { remote },
        // Message queue full; throttled.
        0x14 | 0x58 => Answer::Throttled,
        // Lengths, addresses, classes, coding and parameters that are wrong today will be wrong tomorrow.
        0x01 | 0x0a | 0x0b | 0x0c | 0x40 | 0x43 | 0x48..=0x51 | 0x61 | 0x62 | 0xc0..=0xc4 => {
            Answer::Never { reason: format!("the gateway answered {status:#04x}") }
        }
        _ => Answer::NotNow { reason: format!("the gateway answered {status:#04x}") },
    }
}

#[cfg(test)]
mod tests;
