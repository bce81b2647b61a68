//! Uploads and downloads pieces in parts, a few at a time: a piece may be too large for one request.

use super::format::{self, Head, Unusable};
use super::piece::{Name, Piece, Subject};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The size of a part. S3 accepts up to 10,000 parts of at least 5 MiB, so a piece may have up to 80 GB.
const PART: usize = 8 << 20;
const AT_ONCE: usize = 4;

/// Writes a piece and returns its size in bytes.
pub async fn put(
    objects: &Arc<dyn ObjectStore>,
    at: &Path,
    piece: &Piece,
    payload: &[u8],
) -> Result<u64, Error> {
    let head = format::head(piece, payload.len());
    let mut sum = crc32fast::Hasher::new();
    let size = head.len() + payload.len() + format::TAIL;
    if size <= PART {
        sum.update(&head);
        sum.update(payload);
        let mut object = head;
        object.reserve_exact(payload.len() + format::TAIL);
        object.extend_from_slice(payload);
        object.extend_from_slice(&sum.finalize().to_le_bytes());
        objects.put(at, object.into()).await?;
        return Ok(size as u64);
    }
    let mut parts = Parts {
        upload: objects.put_multipart(at).await?,
        on_their_way: JoinSet::new(),
        next: Vec::with_capacity(PART),
    };
    let sent = async {
        for bytes in [&head, payload] {
            for bytes in bytes.chunks(PART) {
                sum.update(bytes);
                parts.send(bytes).await?;
            }
        }
        parts.send(&sum.finalize().to_le_bytes()).await?;
        parts.complete().await
    }
    .await;
    if sent.is_err() {
        // Stop the parts first: one that arrives after the abort would stay in the bucket for ever.
        parts.on_their_way.shutdown().await;
        // An error while cleaning up is dropped: the first error is the cause.
        drop(parts.upload.abort().await);
    }
    sent.map(|()| size as u64)
}

/// An upload whose parts have equal lengths, except for the last one. Some stores demand that.
struct Parts {
    upload: Box<dyn MultipartUpload>,
    on_their_way: JoinSet<Result<(), Error>>,
    next: Vec<u8>,
}

impl Parts {
    async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(PART - self.next.len()));
            self.next.extend_from_slice(now);
            bytes = rest;
            if self.next.len() == PART {
                self.flush(AT_ONCE - 1).await?;
            }
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), Error> {
        if !self.next.is_empty() {
            self.flush(AT_ONCE - 1).await?;
        }
        self.wait_for(0).await?;
        self.upload.complete().await.map(drop)
    }

    async fn flush(&mut self, others: usize) -> Result<(), Error> {
        self.wait_for(others).await?;
        let part = std::mem::replace(&mut self.next, Vec::with_capacity(PART));
        self.on_their_way.spawn(self.upload.put_part(part.into()));
        Ok(())
    }

    async fn wait_for(&mut self, at_most: usize) -> Result<(), Error> {
        while self.on_their_way.len() > at_most {
            if let Some(sent) = self.on_their_way.join_next().await {
                sent??;
            }
        }
        Ok(())
    }
}

/// Reads a piece of a known size: its fingerprint and payload.
pub async fn get(
    objects: &Arc<dyn ObjectStore>,
    at: &Path,
    size: u64,
    subject: &Subject,
    name: Name,
) -> Result<Result<(u64, Vec<u8>), Unusable>, Error> {
    let part = |from: u64| from..size.min(from + PART as u64);
    // Some stores refuse a request for zero bytes.
    let first = if size == 0 { Vec::new() } else { objects.get_range(at, part(0)).await?.into() };
    // Check the head before the rest is fetched: another large file may have this name.
    let head = match Head::read(&first, size, subject, name) {
        Ok(head) => head,
        Err(why) => return Ok(Err(why)),
    };
    let mut object: Vec<u8> = first;
    object.reserve_exact(usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(object.len()));
    let mut from = PART as u64;
    let mut on_their_way = VecDeque::new();
    while from < size || !on_their_way.is_empty() {
        while from < size && on_their_way.len() < AT_ONCE {
            let (objects, at, range) = (Arc::clone(objects), at.clone(), part(from));
            on_their_way.push_back(tokio::spawn(async move { objects.get_range(&at, range).await }));
            from += PART as u64;
        }
        if let Some(next) = on_their_way.pop_front() {
            object.extend_from_slice(&next.await??);
        }
    }
    if object.len() as u64 != size {
        return Ok(Err(Unusable::Torn { found: object.len() as u64, expected: size }));
    }
    Ok(format::payload(object, head).map(|payload| (head.fingerprint, payload)))
}
