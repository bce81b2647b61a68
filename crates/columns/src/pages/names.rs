//! Names, each as what it has in common with the one before and what not (`DELTA_BYTE_ARRAY` of the Parquet format).
//! The meters of a tick stand in the order of their names, so that little is left of most.

use super::Chunk;
use super::columns::Column;
use super::delta::Deltas;
use super::numbers::Scratch;
use parquet::basic::Encoding;

/// A column of names.
#[derive(Debug)]
pub(crate) struct Names {
    /// How many bytes each shares with the name before.
    shared: Deltas,
    /// How many bytes each has beyond those, and the bytes.
    lengths: Deltas,
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { shared: Deltas::new(), lengths: Deltas::new(), bytes: Vec::new(), last: Vec::new() }
    }

    /// Appends a name.
    #[inline]
    pub(crate) fn push(&mut self, name: &[u8]) {
        let shared = shared(&self.last, name);
        let own = &name[shared..];
        self.shared.push(shared as i64);
        self.lengths.push(own.len() as i64);
        self.bytes.extend_from_slice(own);
        self.last.truncate(shared);
        self.last.extend_from_slice(own);
    }
}

/// How many bytes two names share from the first on.
#[inline]
fn shared(before: &[u8], name: &[u8]) -> usize {
    let (words, _) = name.as_chunks::<8>();
    let (words_before, _) = before.as_chunks::<8>();
    let mut at = 0;
    for (&word, &word_before) in words.iter().zip(words_before) {
        let other = u64::from_le_bytes(word) ^ u64::from_le_bytes(word_before);
        if other != 0 {
            return at + other.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = name[at..].iter().zip(&before[at..]);
    at + rest.take_while(|(one, before)| one == before).count()
}

impl Column for Names {
    fn end<'a>(&'a mut self, _scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let [head, shared] = self.shared.end();
        let [head_of_lengths, lengths] = self.lengths.end();
        let parts = [head, shared, head_of_lengths, lengths, &self.bytes[..]];
        Chunk { encoding: Encoding::DELTA_BYTE_ARRAY, dictionary: None, parts, bounds: None }
    }

    fn clear(&mut self) {
        self.shared.clear();
        self.lengths.clear();
        self.bytes.clear();
        self.last.clear();
    }
}
