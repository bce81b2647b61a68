//! Whether each receiver of a plan can be reached over its gateways.

use super::GatewayPlan;
use crate::gateway::{TOPIC, way_of};
use notify::answers::Answer;
use notify::desk::{Receiver, Whom};
use notify::words::Language;
use notify::{Channel, ChannelRule, DeskRules};
use pipeline::PlanError;
use reading::Calendar;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

#[derive(Debug, Deserialize)]
struct ReceiversToml {
    #[serde(default, rename = "receiver")]
    receivers: Vec<ReceiverToml>,
}

#[derive(Debug, Deserialize)]
struct ReceiverToml {
    name: Spanned<String>,
    to: Option<Spanned<String>>,
}

/// Refuses a plan with gateways that has a receiver whom none of them reaches. A plan without any leaves its messages in
/// files or topics.
pub fn check_receivers(text: &str, rules: &DeskRules, gateways: &[GatewayPlan]) -> Result<(), PlanError> {
    let written: ReceiversToml = toml::from_str(text).map_err(|error| PlanError::toml(&error))?;
    for receiver in rules.receivers() {
        let to = match &receiver.whom {
            Whom::One(address) => address.as_str(),
            Whom::Reader | Whom::Consumer | Whom::Rota(_) => "",
        };
        let who = format!("receiver `{}`", receiver.name);
        let place = written.receivers.iter().find(|one| *one.name.get_ref() == receiver.name);
        let place = place.map(|one| one.to.as_ref().unwrap_or(&one.name).span());
        check_reach(&who, receiver.channel, to, place, gateways)?;
    }
    Ok(())
}

/// The same for the section of a channel, such as `[email]`.
pub fn check_section(rule: &ChannelRule, gateways: &[GatewayPlan]) -> Result<(), PlanError> {
    let channel = rule.channel();
    let to = rule.shown().into_iter().find(|(key, _)| *key == "to").map(|(_, to)| to).unwrap_or_default();
    // The default is for a mail server on this machine; a gateway elsewhere would send it back.
    if channel == Channel::Email && to == "postmaster@localhost" && !gateways.is_empty() {
        let problem = "`[email]` has no `to`, so its e-mails would go to postmaster@localhost".to_owned();
        let help = Some("add `to = \"duty@example.org\"`".to_owned());
        return Err(PlanError { code: "plan::missing", problem, help, span: None });
    }
    check_reach(channel.section(), channel, &to, None, gateways)
}

/// Refuses gateways that ask for registered texts where there are none, and the other way round.
pub fn check_registered(
    rules: Option<&DeskRules>,
    sections: &[Channel],
    gateways: &[GatewayPlan],
) -> Result<(), PlanError> {
    let wrong = |problem: String, help: &str| {
        Err(PlanError { code: "plan::registered", problem, help: Some(help.to_owned()), span: None })
    };
    let has_texts = rules.is_some_and(|rules| !rules.templates().registry().is_empty());
    let Some(gateway) = gateways.iter().find(|gateway| gateway.entity().is_some()) else {
        if has_texts && !gateways.is_empty() {
            let problem = "texts are registered, and no gateway says for whom".to_owned();
            return wrong(problem, "add `entity`, the id of 19 digits, to the gateways for `sms`");
        }
        return Ok(());
    };
    let name = &gateway.name;
    if sections.contains(&Channel::Sms) {
        let problem =
            format!("gateway `{name}` has an `entity`, and the words of `[sms]` are not registered");
        return wrong(
            problem,
            "write a `[[receiver]]` and a `[[route]]` in place of `[sms]`, with `[[registered]]`",
        );
    }
    if !has_texts {
        let problem = format!("gateway `{name}` has an `entity`, and the plan has no `[[registered]]` text");
        return wrong(problem, "add each text with its `id` as the portal of your operator shows it");
    }
    Ok(())
}

/// Refuses answers to phones that operators would not deliver, all at once: those that no registered text fits.
pub fn check_answers(
    rules: &DeskRules,
    calendar: &Calendar,
    gateways: &[GatewayPlan],
) -> Result<(), PlanError> {
    if !gateways.iter().any(|gateway| gateway.entity().is_some()) {
        return Ok(());
    }
    let registry = rules.templates().registry();
    let mut missing = BTreeSet::new();
    for (is_consumer, language) in languages(rules) {
        for answer in Answer::samples(is_consumer) {
            if registry.entry(&answer.text(&language, calendar)).is_none() {
                missing.insert(answer.registered_form(&language, calendar));
            }
        }
    }
    let Some(first) = missing.first() else { return Ok(()) };
    let all: Vec<String> = missing.iter().map(|form| format!("  {form}")).collect();
    Err(PlanError {
        code: "plan::registered",
        problem: format!("phones would be answered \"{first}\", and that is no registered text"),
        help: Some(format!(
            "register these {}, and add each as `[[registered]]`, or take `[answers]` out:\n{}",
            all.len(),
            all.join("\n")
        )),
        span: None,
    })
}

/// In which languages phones are answered, of consumers and of people on duty, as the directory of `serve` finds them.
fn languages(rules: &DeskRules) -> BTreeSet<(bool, Language)> {
    let of_sms = rules.receivers().iter().filter(|one| one.channel == Channel::Sms);
    let of = |one: &Receiver| (one.whom == Whom::Consumer, one.language.clone());
    let mut all: BTreeSet<(bool, Language)> = of_sms.map(of).collect();
    // Every consumer with a phone is answered, also without a route to consumers.
    if !all.iter().any(|(is_consumer, _)| *is_consumer) {
        all.insert((true, Language::ENGLISH));
    }
    all
}

fn check_reach(
    who: &str,
    channel: Channel,
    to: &str,
    span: Option<Range<usize>>,
    gateways: &[GatewayPlan],
) -> Result<(), PlanError> {
    let way = way_of(channel.name(), to);
    if gateways.is_empty() || gateways.iter().any(|gateway| gateway.way() == way) {
        return Ok(());
    }
    let (problem, help) = match way.split_once('.') {
        Some((channel, to)) => {
            let protocol = if channel == TOPIC { "kafka" } else { channel };
            (
                format!("{who} goes to the {channel} `{to}`, and no gateway for one is called so"),
                format!("add a `[[gateway]]` with `name = \"{to}\"` and `protocol = \"{protocol}\"`"),
            )
        }
        None => (
            format!("{who} goes out on the channel `{channel}`, and no gateway serves it"),
            "add a `[[gateway]]`: \"smpp\", \"http\", \"twilio\" or \"modem\" for `sms`, \"smtp\" for `email`"
                .to_owned(),
        ),
    };
    Err(PlanError { code: "plan::gateway", problem, help: Some(help), span })
}
