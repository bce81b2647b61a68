//! News from the topics that `gridwarden run` writes.

use super::news::{notice, row};
use api::{News, Post};
use shell::{Failure, Stop};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use stream::{Came, Follow, Followed};

/// Reads the topics on a thread of its own, until the process ends. What ends it before comes to the receiver.
pub(super) fn read(
    follow: Follow,
    news: &SyncSender<News>,
    post: &Post,
    stop: Stop,
) -> Result<Receiver<Failure>, Failure> {
    let (news, post) = (news.clone(), post.clone());
    let (failed, failure) = sync_channel(1);
    let work = move || {
        let ended = follow.run(&stop, |message| {
            let one = match message {
                None => News::CaughtUp,
                Some(Came { of, value, trace }) => match of {
                    Followed::Alerts => row(value, "alerts", News::Alert),
                    Followed::Cases => row(value, "cases", News::Case),
                    Followed::Health => row(value, "health", News::Health),
                    Followed::Demand => row(value, "demand", News::Demand),
                    Followed::Evidence => row(value, "evidence", News::Fact),
                    Followed::Notices => notice(value, "notices", trace),
                },
            };
            let is_taken = news.send(one).is_ok();
            post.wake();
            is_taken
        });
        if let Err(failure) = ended {
            // The loop of the office ends with it.
            let _ = failed.send(failure);
            post.wake();
        }
    };
    let spawned = thread::Builder::new().name("results".to_owned()).spawn(work);
    spawned.map_err(|cause| Failure::failed("cannot start a thread", &cause))?;
    Ok(failure)
}
