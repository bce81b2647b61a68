//! Threads that read and decode blocks of files.

use super::hung::Hung;
use crate::files::Source;
use pipeline::PartitionId;
use reading::{Batch, Limits};
use shell::{Failure, spawn};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Every file, and whose turn it is to read on in it.
pub(super) struct Pool {
    sources: Vec<Mutex<Reader>>,
}

struct Reader {
    source: Source,
    next: u64,
}

impl Pool {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let readers = sources.into_iter().map(|source| Mutex::new(Reader { source, next: 0 }));
        Self { sources: readers.collect() }
    }
}

type Decoded = (PartitionId, u64, Result<Option<Batch>, Failure>);

/// Threads that read and decode blocks, each of any file, and the order in which the blocks are wanted.
pub(super) struct Decoders {
    jobs: SyncSender<(PartitionId, Batch)>,
    done: Receiver<Decoded>,
    early: BTreeMap<(PartitionId, u64), Result<Option<Batch>, Failure>>,
    asked: BTreeMap<PartitionId, (u64, u64)>,
    spare: Vec<Batch>,
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
        let (jobs, work) = sync_channel::<(PartitionId, Batch)>(depth * pool.sources.len() + 1);
        let (finished, done) = sync_channel(depth * pool.sources.len() + 1);
        let work = Arc::new(Mutex::new(work));
        for index in 0..threads {
            let (work, finished) = (Arc::clone(&work), finished.clone());
            spawn(scope, format!("decode-{index}"), move || {
                loop {
                    let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((id, mut batch)) = job else { return };
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

    /// The next block of a file; none at its end.
    pub(super) fn next(&mut self, id: PartitionId) -> Result<Option<Batch>, Failure> {
        let (asked, taken) = self.asked.entry(id).or_default();
        while *asked < *taken + self.depth {
            let batch = self.spare.pop().unwrap_or_default();
            self.jobs.send((id, batch)).map_err(|_| Hung)?;
            *asked += 1;
        }
        let number = *taken;
        *taken += 1;
        loop {
            if let Some(block) = self.early.remove(&(id, number)) {
                return block;
            }
            let (of, number, block) = self.done.recv().map_err(|_| Hung)?;
            self.early.insert((of, number), block);
        }
    }

    /// Takes a batch that nobody reads any more, for its memory.
    pub(super) fn reuse(&mut self, batch: Arc<Batch>) {
        if let Ok(batch) = Arc::try_unwrap(batch) {
            self.spare.push(batch);
        }
    }
}
