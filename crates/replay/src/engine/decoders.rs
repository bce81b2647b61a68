//! Threads that read and decode blocks of files.

use super::disconnected::Disconnected;
use crate::files::Source;
use pipeline::PartitionId;
use reading::{Batch, Limits};
use shell::{Failure, spawn};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// All files. Any thread may read the next block of a file, one thread at a time.
pub(super) struct Pool {
    sources: Vec<Mutex<Reader>>,
}

struct Reader {
    source: Source,
    /// The number of the next block. Decoders finish in any order, and the number restores the order of the file.
    next: u64,
}

impl Pool {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let readers = sources.into_iter().map(|source| Mutex::new(Reader { source, next: 0 }));
        Self { sources: readers.collect() }
    }
}

type Decoded = (PartitionId, u64, Result<Option<Batch>, Failure>);

/// Threads that read and decode blocks of any file. The blocks of each file are handed out in the order of the file.
pub(super) struct Decoders {
    jobs: SyncSender<(PartitionId, Batch)>,
    done: Receiver<Decoded>,
    /// Blocks that are decoded before their turn.
    early: BTreeMap<(PartitionId, u64), Result<Option<Batch>, Failure>>,
    /// For each file: how many blocks were ordered, and how many of them were handed out.
    asked: BTreeMap<PartitionId, (u64, u64)>,
    /// Empty batches, kept for their memory.
    spare: Vec<Batch>,
    /// How many blocks of a file are ordered ahead.
    depth: u64,
}

impl Decoders {
    pub(super) fn start<'scope, 'env>(
        scope: &'scope thread::Scope<'scope, 'env>,
        pool: &'env Pool,
        limits: Limits,
        threads: u32,
        depth: usize,
    ) -> Result<Self, Failure> {
        // Both channels hold all blocks that can be ordered at once, so no send ever waits. Otherwise this thread
        // could wait to order a block, while every decoder waits to deliver one: a deadlock.
        let (jobs, work) = sync_channel::<(PartitionId, Batch)>(depth * pool.sources.len() + 1);
        let (finished, done) = sync_channel(depth * pool.sources.len() + 1);
        let work = Arc::new(Mutex::new(work));
        for index in 0..threads {
            let (work, finished) = (Arc::clone(&work), finished.clone());
            spawn(scope, format!("decode-{index}"), move || {
                loop {
                    let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((id, mut batch)) = job else { return };
                    // A file must be read in order, so it stays locked while a block is read. Decoding takes longest,
                    // and happens after the lock is released.
                    let (number, read, is_text) = {
                        let mut reader =
                            pool.sources[id as usize].lock().unwrap_or_else(PoisonError::into_inner);
                        let number = reader.next;
                        reader.next += 1;
                        (number, reader.source.read(&limits, &mut batch), reader.source.is_text())
                    };
                    let result = read.map(|more| {
                        if more && is_text {
                            wire::json::decode_lines(&limits, &mut batch);
                        }
                        more.then_some(batch)
                    });
                    if finished.send((id, number, result)).is_err() {
                        return;
                    }
                }
            })?;
        }
        Ok(Self {
            jobs,
            done,
            early: BTreeMap::new(),
            asked: BTreeMap::new(),
            spare: Vec::new(),
            depth: depth as u64,
        })
    }

    /// The next block of a file, or none at its end.
    pub(super) fn next(&mut self, id: PartitionId) -> Result<Option<Batch>, Failure> {
        let (asked, taken) = self.asked.entry(id).or_default();
        while *asked < *taken + self.depth {
            let batch = self.spare.pop().unwrap_or_default();
            self.jobs.send((id, batch)).map_err(|_| Disconnected)?;
            *asked += 1;
        }
        let number = *taken;
        *taken += 1;
        loop {
            if let Some(block) = self.early.remove(&(id, number)) {
                return block;
            }
            let (of, number, block) = self.done.recv().map_err(|_| Disconnected)?;
            self.early.insert((of, number), block);
        }
    }

    /// Keeps a batch for its memory, unless another thread still reads it.
    pub(super) fn reuse(&mut self, batch: Arc<Batch>) {
        if let Ok(batch) = Arc::try_unwrap(batch) {
            self.spare.push(batch);
        }
    }
}
