//! Names: as they are, or each as what it has in common with the one before and what not. The meters of a tick stand in
//! the order of their names, so that little is left of most.

use super::Chunk;
use super::columns::Column;
use super::delta::Deltas;
use super::numbers::Scratch;
use parquet::basic::Encoding;

/// A column of names.
#[derive(Debug)]
pub(crate) struct Names {
    /// The names, one behind the other.
    bytes: Vec<u8>,
    /// How many bytes each has.
    sizes: Vec<u32>,
    /// How many bytes each shares with the name before. Used only for a file that is to be small.
    shared: Deltas,
    /// How many bytes each has, or has beyond those.
    lengths: Deltas,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), sizes: Vec::new(), shared: Deltas::new(), lengths: Deltas::new() }
    }

    /// Appends a name.
    #[inline]
    pub(crate) fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.sizes.push(name.len() as u32);
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
    fn end<'a>(&'a mut self, scratch: Option<&'a mut Scratch>) -> Chunk<'a> {
        let Self { bytes, sizes, shared: all_shared, lengths } = self;
        let Some(Scratch { page, .. }) = scratch else {
            // Comparing each with the one before takes more than all else that is done for a name.
            sizes.iter().for_each(|&size| lengths.push(size.into()));
            let [head, lengths] = lengths.end();
            let parts = [head, lengths, &bytes[..], &[], &[]];
            return Chunk {
                encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
                dictionary: None,
                parts,
                bounds: None,
            };
        };
        page.clear();
        let (mut before, mut rest) = (&[][..], &bytes[..]);
        for &size in &*sizes {
            let (name, behind) = rest.split_at(size as usize);
            let shared = shared(before, name);
            let own = &name[shared..];
            all_shared.push(shared as i64);
            lengths.push(own.len() as i64);
            page.extend_from_slice(own);
            (before, rest) = (name, behind);
        }
        let [head, all_shared] = all_shared.end();
        let [head_of_lengths, lengths] = lengths.end();
        let parts = [head, all_shared, head_of_lengths, lengths, page];
        Chunk { encoding: Encoding::DELTA_BYTE_ARRAY, dictionary: None, parts, bounds: None }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.sizes.clear();
        self.shared.clear();
        self.lengths.clear();
    }
}
