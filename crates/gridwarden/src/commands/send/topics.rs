//! Gateways of a plan that write to topics: over the brokers, and with the keys, of its section `[kafka]`.

use deliver::plan::GatewayPlan;
use deliver::topic::{self, NotPut};
use pipeline::PlanError;
use shell::Failure;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use stream::{KafkaPlan, Topic};

/// Refuses a gateway that writes to a topic without brokers, or to one that the plan uses otherwise.
pub(in crate::commands) fn check(
    kafka: Option<&KafkaPlan>,
    gateways: &[GatewayPlan],
) -> Result<(), PlanError> {
    for gateway in gateways {
        let Some(topic) = gateway.topic() else { continue };
        let name = &gateway.name;
        let wrong = |problem, help: &str| {
            Err(PlanError { code: "plan::gateway", problem, help: Some(help.to_owned()), span: None })
        };
        let Some(kafka) = kafka else {
            let problem =
                format!("gateway `{name}` writes to a topic, and the plan has no section `[kafka]`");
            return wrong(problem, "add one with `brokers` as in pipelines/ami.toml");
        };
        let results = kafka.topics_of_results().filter_map(|(key, topic)| Some((key, topic?)));
        let read = [("readings", Some(kafka.readings.as_str())), ("topology", kafka.topology.as_deref())];
        let read = read.into_iter().filter_map(|(key, topic)| Some((key, topic?)));
        if let Some((key, _)) = results.chain(read).find(|(_, used)| *used == topic) {
            let problem =
                format!("gateway `{name}` writes to the topic \"{topic}\", which is `{key}` of `[kafka]`");
            return wrong(problem, "give each a topic of its own");
        }
    }
    Ok(())
}

/// The client of a topic. `brokers` of the command line win over those of the plan.
pub(super) fn client(
    path: &Path,
    text: &str,
    brokers: Option<&str>,
    name: &str,
) -> Result<topic::Topic, Failure> {
    let kafka = KafkaPlan::read(text, path, brokers)?;
    let client = Arc::new(Topic::connect(&kafka, name)?);
    let asked = Arc::clone(&client);
    Ok(topic::Topic {
        name: name.to_owned(),
        reach: Box::new(move |within| asked.reach(within).map_err(boxed)),
        put: Box::new(move |key, value, within| {
            client.put(key, value, within).map_err(|error| match error {
                stream::NotPut::Unconfirmed(error) => NotPut::Unconfirmed(boxed(error)),
                stream::NotPut::Refused(error) => NotPut::Refused(format!("the brokers refuse it: {error}")),
            })
        }),
    })
}

fn boxed(error: impl Error + Send + Sync + 'static) -> Box<dyn Error + Send + Sync> {
    Box::new(error)
}
