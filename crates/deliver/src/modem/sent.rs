//! What a phone sent, as a modem hands it over: SMS-DELIVER (3GPP TS 23.040, 9.2.2.1).

use super::pdu::UDHI;
use notify::channels::sms::alphabet::Alphabet;

/// The two bits that say what kind of message it is. 0 is what a phone sent.
const KIND: u8 = 0x03;

/// The fields of a message, from its front.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

/// The number that it comes from, and what it says. None if it is no such message, or none that a person can have written.
pub(super) fn read(hex: &str) -> Option<(String, String)> {
    let digits = hex.trim().as_bytes();
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    let mut fields = Fields(&bytes);
    let centre = usize::from(fields.byte()?);
    fields.take(centre)?;
    let first = fields.byte()?;
    if first & KIND != 0 {
        return None;
    }
    let number = number(&mut fields)?;
    // The protocol.
    fields.byte()?;
    let coding = fields.byte()?;
    // When the centre got it.
    fields.take(7)?;
    let length = usize::from(fields.byte()?);
    let header = if first & UDHI == 0 { 0 } else { usize::from(*fields.0.first()?) + 1 };
    let text = match coding & 0x0c {
        0 => {
            let septets = septets(fields.0, length);
            Alphabet::Gsm7.text(septets.get((header * 8).div_ceil(7)..)?)
        }
        8 => Alphabet::Ucs2.text(fields.take(length)?.get(header..)?),
        _ => return None,
    };
    Some((number, text))
}

/// A number: how many digits, its type, and two digits a byte, the second one in the high half (9.1.2.5). A name of letters
/// is no number that could be answered.
fn number(fields: &mut Fields<'_>) -> Option<String> {
    let digits = usize::from(fields.byte()?);
    let kind = fields.byte()?;
    let bytes = fields.take(digits.div_ceil(2))?;
    let halves = bytes.iter().flat_map(|byte| [byte & 0xf, byte >> 4]).take(digits);
    let number: String = halves.map(|half| char::from_digit(u32::from(half), 10)).collect::<Option<_>>()?;
    let is_international = kind & 0x70 == 0x10;
    Some(if is_international { format!("+{number}") } else { number })
}

/// So many septets, packed one behind the other (3GPP TS 23.038, 6.1.2.1). Fewer if there are fewer bytes.
fn septets(bytes: &[u8], count: usize) -> Vec<u8> {
    let septet = |place: usize| {
        let bit = place * 7;
        let low = u16::from(*bytes.get(bit / 8)?);
        let high = u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0));
        Some(((low | high << 8) >> (bit % 8)) as u8 & 0x7f)
    };
    (0..count).map_while(septet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_phones_are_read_from_their_bytes() {
        let of = |hex: &str| read(hex).map(|(number, text)| format!("{number}: {text}")).unwrap_or_default();
        // The example of every book about PDU mode.
        let book = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37";
        assert_eq!(of(book), "27838890001: hellohello");
        assert_eq!(of("00040C9119890000001000006210119070000003D56911"), "+919800000001: USE");
        // UCS-2, behind a header that joins it with other parts.
        assert_eq!(of("00440C9119890000001000086210119070000008050003010201091C"), "+919800000001: ज");
    }

    #[test]
    fn what_nobody_can_answer_is_nothing() {
        // A name of letters, a receipt, something torn, no hexadecimal.
        for wrong in ["0004", "00040AD0E8329BFD460000621011907000000141", "0006", "", "xy", "é"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
