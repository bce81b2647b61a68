//! The topology, which has the phones of meter readers and consumers: from a file or from its topic, as it changes.

use crate::cli;
use api::{News, Post};
use grid::Topology;
use notify::desk::Whom;
use notify::{Desk, DeskRules};
use shell::{Failure, Stop, telemetry};
use std::sync::mpsc::SyncSender;
use std::thread;
use stream::{KafkaPlan, TopologySource};

/// What the plan says of Kafka, if its topic is where the topology comes from: a file wins, and a folder of results needs no
/// broker. Fails if routes need a topology and there is none.
pub(super) fn by_topics(
    args: &cli::Serve,
    text: &str,
    rules: &DeskRules,
) -> Result<Option<KafkaPlan>, Failure> {
    let is_by_topics = args.results.is_none() && args.topology.is_none();
    let read = || KafkaPlan::read(text, &args.plan, args.brokers.as_deref());
    let kafka = is_by_topics.then(read).transpose()?;
    let has_topic = kafka.as_ref().is_some_and(|kafka| kafka.topology.is_some());
    let has_reader = rules.receivers().iter().any(|one| one.whom == Whom::Reader);
    if has_reader && args.topology.is_none() && !has_topic {
        let problem = "the plan sends to meter readers, whose phones are in the topology";
        return Err(Failure::wrong(problem, "give `--topology FILE`, or name its topic in `[kafka]`"));
    }
    Ok(kafka)
}

/// Reads the topology: of the file that is given, else of the topic.
pub(super) fn open(
    args: &cli::Serve,
    kafka: Option<&KafkaPlan>,
) -> Result<(TopologySource, Topology), Failure> {
    TopologySource::open(args.topology.as_deref(), kafka, "serve-topology")
}

/// Hands on every new topology that fits the routes, on a thread of its own, until the process ends.
pub(super) fn watch(
    places: TopologySource,
    rules: DeskRules,
    news: &SyncSender<News>,
    post: &Post,
    stop: Stop,
) -> Result<(), Failure> {
    let (news, post) = (news.clone(), post.clone());
    let take = move |topology: Topology| match Desk::readers(&rules, &topology) {
        Ok(_) => {
            // Without the office nobody needs it.
            drop(news.send(News::Places(Box::new(topology))));
            post.wake();
        }
        Err(error) => telemetry::topology_refused(&error),
    };
    let work = move || places.watch(take, || stop.is_asked());
    let spawned = thread::Builder::new().name("topology".to_owned()).spawn(work);
    spawned.map(drop).map_err(|cause| Failure::failed("cannot start a thread", &cause))
}
