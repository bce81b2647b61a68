//! The alphabets of short messages, and how many parts a text takes.

/// The GSM 7-bit alphabet, each character at its number (3GPP TS 23.038, 6.2.1). The escape, 27, is none.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_', 'Φ', 'Γ',
    'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#', '¤', '%', '&', '\'',
    '(', ')', '*', '+', ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<',
    '=', '>', '?', '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q',
    'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä',
    'ö', 'ñ', 'ü', 'à',
];
/// Those that need an escape before them, with their numbers (6.2.1.1).
const EXTENDED: [(char, u8); 9] = [
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];
/// Says that the next place is of the extension table.
const ESCAPE: u8 = 0x1b;

/// How the characters of a message are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Places of seven bits: 160 in a message, 153 in a part of a long one.
    Gsm7,
    /// UTF-16 in places of two bytes: 70 in a message, 67 in a part of a long one.
    Ucs2,
}

impl Alphabet {
    /// The GSM alphabet if it has all characters of a text, else UCS-2.
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| septets(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "the GSM alphabet",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// How many places a message has that is not a part of a longer one: 140 bytes (3GPP TS 23.040).
    pub const fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// How many places a part has beside the six bytes of the user data header that joins it with the others.
    pub const fn part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    fn places(self, c: char) -> usize {
        match self {
            Self::Gsm7 => septets(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }

    /// The bytes of a text as SMPP carries it: a septet in a byte, or UTF-16 with the high byte first. A character that
    /// the GSM alphabet lacks becomes `?`.
    pub fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Gsm7 => text.chars().flat_map(|c| septets_of(c).unwrap_or((None, b'?')).bytes()).collect(),
            Self::Ucs2 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// The text of such bytes. What is no character becomes one that says so.
    pub fn text(self, bytes: &[u8]) -> String {
        match self {
            Self::Gsm7 => {
                let mut text = String::new();
                let mut is_extended = false;
                for septet in bytes.iter().map(|byte| byte & 0x7f) {
                    if septet == ESCAPE && !is_extended {
                        is_extended = true;
                        continue;
                    }
                    let extended = EXTENDED.iter().find(|(_, number)| is_extended && *number == septet);
                    // An escape before a letter of the basic table means that letter (6.2.1.1).
                    text.push(extended.map_or(BASIC[usize::from(septet)], |(letter, _)| *letter));
                    is_extended = false;
                }
                text
            }
            Self::Ucs2 => {
                let units = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
                char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
        }
    }
}

/// An escape, if it needs one, and its number.
type Septets = (Option<u8>, u8);

trait Bytes {
    fn bytes(self) -> impl Iterator<Item = u8>;
}

impl Bytes for Septets {
    fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().chain([self.1])
    }
}

fn septets_of(c: char) -> Option<Septets> {
    if let Some((_, number)) = EXTENDED.iter().find(|(extended, _)| *extended == c) {
        return Some((Some(ESCAPE), *number));
    }
    let number = BASIC.iter().position(|basic| *basic == c)? as u8;
    (number != ESCAPE).then_some((None, number))
}

/// How many seven-bit places a character takes; `None` if the alphabet has no such character.
pub(super) fn septets(c: char) -> Option<usize> {
    septets_of(c).map(|(escape, _)| 1 + usize::from(escape.is_some()))
}

/// Cuts a text into the parts that it is sent in. Neither an escape and its character nor the two halves of a character
/// beyond the basic plane are ever in two parts.
pub fn parts(text: &str) -> (Alphabet, Vec<&str>) {
    let alphabet = Alphabet::of(text);
    let all: usize = text.chars().map(|c| alphabet.places(c)).sum();
    if all <= alphabet.single() {
        return (alphabet, vec![text]);
    }
    let (mut parts, mut start, mut taken) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        let places = alphabet.places(c);
        if taken + places > alphabet.part() {
            parts.push(&text[start..at]);
            (start, taken) = (at, 0);
        }
        taken += places;
    }
    parts.push(&text[start..]);
    (alphabet, parts)
}

/// Whether a text takes at most so many parts.
pub fn fits(text: &str, most: u32) -> bool {
    parts(text).1.len() <= most as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_has_each_character_once_and_the_digits_of_ascii_at_their_numbers() {
        let mut sorted: Vec<char> = BASIC.iter().chain(EXTENDED.iter().map(|(c, _)| c)).copied().collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), BASIC.len() + EXTENDED.len());
        for ascii in ' '..='z' {
            if let Some((None, number)) = septets_of(ascii).filter(|_| !"$@_".contains(ascii)) {
                assert_eq!(number, ascii as u8, "{ascii}");
            }
        }
        assert_eq!(Alphabet::Gsm7.bytes("@€[Ω"), [0, 0x1b, 0x65, 0x1b, 0x3c, 0x15]);
        assert_eq!(Alphabet::Ucs2.bytes("जा"), [0x09, 0x1c, 0x09, 0x3e]);
        assert_eq!((septets('\u{1b}'), septets('`'), septets('ç'), septets('\t')), (None, None, None, None));
    }

    #[test]
    fn a_long_text_is_counted_in_parts() {
        let count = |text: &str| (parts(text).0, parts(text).1.len());
        for (places, one, two) in [("a", 160, 306), ("€", 80, 152), ("ज", 70, 134), ("😀", 35, 66)] {
            assert_eq!(count(&places.repeat(one)).1, 1, "{places}");
            assert_eq!(count(&places.repeat(one + 1)).1, 2, "{places}");
            assert_eq!(count(&places.repeat(two)).1, 2, "{places}");
            assert_eq!(count(&places.repeat(two + 1)).1, 3, "{places}");
        }
        assert_eq!(count("a`").0, Alphabet::Ucs2);
    }

    #[test]
    fn an_escape_stays_with_its_character() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(10));
        assert_eq!(parts(&text).1, [&text[..152], &text[152..]]);
    }

    proptest! {
        #[test]
        fn parts_are_the_text_and_each_fits(text in "[a-z€जा😀]{0,400}") {
            let (alphabet, parts) = parts(&text);
            prop_assert_eq!(parts.concat(), &text[..]);
            let most = if parts.len() == 1 { alphabet.single() } else { alphabet.part() };
            for part in parts {
                prop_assert!(part.chars().map(|c| alphabet.places(c)).sum::<usize>() <= most);
            }
            let width = match alphabet { Alphabet::Gsm7 => 1, Alphabet::Ucs2 => 2 };
            let places: usize = text.chars().map(|c| alphabet.places(c)).sum();
            prop_assert_eq!(alphabet.bytes(&text).len(), places * width);
        }
    }
}
