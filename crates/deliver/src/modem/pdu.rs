//! A short message as a modem takes it: SMS-SUBMIT (3GPP TS 23.040, 9.2.2.2).

use notify::channels::sms::alphabet::{Alphabet, parts};
use outbox::Submission;

/// SMS-SUBMIT without a validity period: the network's own holds.
const SUBMIT: u8 = 0x01;
/// The text begins with a header.
pub(super) const UDHI: u8 = 0x40;

/// The part that is to be submitted in hexadecimal, and how many bytes it has without the number of the centre.
pub(super) fn submit(submission: &Submission) -> (usize, String) {
    let (alphabet, texts) = parts(&submission.text);
    let text = texts.get(usize::from(submission.part)).copied().unwrap_or_default();
    let header = match texts.len() {
        1 => vec![],
        // Concatenated short messages, 8-bit reference (9.2.3.24.1).
        all => vec![5, 0, 3, submission.number as u8, all as u8, submission.part as u8 + 1],
    };
    let first = if header.is_empty() { SUBMIT } else { SUBMIT | UDHI };
    // The reference of the message is the modem's matter.
    let mut bytes = vec![first, 0];
    bytes.extend(address(&submission.line));
    bytes.push(0);
    bytes.push(if alphabet == Alphabet::Ucs2 { 8 } else { 0 });
    let (length, data) = user_data(alphabet, &header, text);
    bytes.push(length);
    bytes.extend(data);
    // The centre is the SIM's.
    let hex: String =
        std::iter::once(0).chain(bytes.iter().copied()).map(|byte| format!("{byte:02X}")).collect();
    (bytes.len(), hex)
}

/// A number: its digits, its type, and two digits a byte, the second one in the high half (9.1.2.5).
fn address(number: &str) -> Vec<u8> {
    let (kind, digits) = match number.strip_prefix('+') {
        Some(digits) => (0x91, digits),
        None => (0x81, number),
    };
    let digits: Vec<u8> = digits.bytes().map(|digit| digit.wrapping_sub(b'0') & 0xf).collect();
    let mut bytes = vec![digits.len() as u8, kind];
    bytes.extend(digits.chunks(2).map(|two| two.get(1).unwrap_or(&0xf) << 4 | two[0]));
    bytes
}

/// How long the text is, in places of its alphabet with the header, and its bytes.
fn user_data(alphabet: Alphabet, header: &[u8], text: &str) -> (u8, Vec<u8>) {
    let places = alphabet.bytes(text);
    let mut bytes = header.to_vec();
    if alphabet == Alphabet::Ucs2 {
        bytes.extend(places);
        return (bytes.len() as u8, bytes);
    }
    // Septets begin at a multiple of seven bits behind the header (9.2.3.24).
    let before = (header.len() * 8).div_ceil(7);
    bytes.resize(((before + places.len()) * 7).div_ceil(8), 0);
    for (place, septet) in places.iter().enumerate() {
        let bit = (before + place) * 7;
        let wide = u16::from(*septet) << (bit % 8);
        bytes[bit / 8] |= wide as u8;
        if let Some(next) = bytes.get_mut(bit / 8 + 1) {
            *next |= (wide >> 8) as u8;
        }
    }
    ((before + places.len()) as u8, bytes)
}
