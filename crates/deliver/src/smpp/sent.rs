//! What a phone sent, as text.

use super::UDHI;
use super::pdu::Deliver;
use notify::channels::sms::alphabet::Alphabet;

/// The text of a message that a phone sent (SMPP 3.4, 5.2.19). None if it is none that a person can have written.
pub fn read_text(deliver: &Deliver) -> Option<String> {
    let header = if deliver.esm_class & UDHI == 0 { 0 } else { usize::from(*deliver.message.first()?) + 1 };
    let bytes = deliver.message.get(header..)?;
    match deliver.data_coding {
        0 => Some(Alphabet::Gsm7.text(bytes)),
        // ASCII and Latin-1, in which a byte is the number of its letter.
        1 | 3 => Some(bytes.iter().copied().map(char::from).collect()),
        8 => Some(Alphabet::Ucs2.text(bytes)),
        _ => None,
    }
}
