//! The sections `[[receiver]]`, `[[route]]`, `[[inhibit]]` and `[[template]]` as written.

use super::error::PlanError;
use super::metering::days_of;
use super::written::milliseconds;
use cases::Severity;
use detect::nearest;
use notify::desk::{By, Escalation, Hours, Inhibit, Kind, Quiet, Receiver, Route, RulesError, Shift, Whom};
use notify::words::{Form, Language, Registered, RegisteredError, Template, Templates};
use notify::{Address, Channel, DeskRules};
use reading::time::DAY;
use reading::{AreaId, DayType, FeederId};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

type Text = Spanned<String>;
type Texts = Vec<Spanned<String>>;

/// More messages a day nobody reads. The limit bounds what is remembered of an address.
const MOST_PER_DAY: u32 = 1000;
/// A handset joins up to 255 parts, and no person reads so much.
const MOST_PARTS: u32 = 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverToml {
    name: Text,
    channel: Text,
    #[serde(default)]
    to: Option<Text>,
    #[serde(default)]
    rota: Option<Spanned<Vec<ShiftToml>>>,
    #[serde(default)]
    language: Option<Text>,
    #[serde(default)]
    per_hour: Option<Spanned<u32>>,
    #[serde(default)]
    per_day: Option<Spanned<u32>>,
    #[serde(default)]
    parts: Option<Spanned<u32>>,
    #[serde(default)]
    quiet: Option<Text>,
    #[serde(default)]
    quiet_below: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShiftToml {
    hours: Text,
    #[serde(default)]
    days: Option<Spanned<Vec<String>>>,
    to: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteToml {
    name: Text,
    to: Spanned<Texts>,
    #[serde(default)]
    kinds: Texts,
    #[serde(default)]
    severity: Option<Text>,
    #[serde(default)]
    areas: Texts,
    #[serde(default)]
    feeders: Texts,
    #[serde(default)]
    classes: Texts,
    #[serde(default)]
    hours: Option<Text>,
    #[serde(default)]
    language: Option<Text>,
    #[serde(default)]
    group_by: Option<Texts>,
    #[serde(default)]
    wait: Option<Text>,
    #[serde(default)]
    interval: Option<Text>,
    #[serde(default)]
    repeat: Option<Text>,
    #[serde(default)]
    again_after: Option<Text>,
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    escalate: Option<EscalateToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EscalateToml {
    after: Text,
    to: Spanned<Texts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InhibitToml {
    by: Text,
    kinds: Spanned<Texts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateToml {
    #[serde(default)]
    kind: Option<Text>,
    form: Text,
    language: Text,
    text: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisteredToml {
    id: Text,
    text: Text,
}

/// The lists of a plan that are about messages by routes.
#[derive(Debug)]
pub(super) struct RoutesToml {
    pub(super) receivers: Vec<Spanned<ReceiverToml>>,
    pub(super) routes: Vec<Spanned<RouteToml>>,
    pub(super) inhibits: Vec<InhibitToml>,
    pub(super) templates: Vec<TemplateToml>,
    pub(super) registered: Vec<RegisteredToml>,
}

/// What in a plan finds something to write about, by kind, with the section that asks for it.
pub(super) type Sources = [(Kind, bool, &'static str); Kind::ALL.len()];

impl RoutesToml {
    /// The rules of the desk, if the plan has any route.
    pub(super) fn check(&self, sources: &Sources) -> Result<Option<DeskRules>, PlanError> {
        let receivers: Vec<Receiver> = each(&self.receivers, ReceiverToml::check)?;
        let routes: Vec<Route> = each(&self.routes, RouteToml::check)?;
        let inhibits = self.inhibits.iter().map(InhibitToml::check).collect::<Result<_, _>>()?;
        let mut templates = templates(&self.templates)?;
        register(&self.registered, &mut templates)?;
        if routes.is_empty() {
            return self.check_that_nothing_is_written();
        }
        for (written, route) in self.routes.iter().zip(&routes) {
            written.get_ref().check_sources(route, sources)?;
        }
        let rules = DeskRules::new(receivers, routes, inhibits, templates);
        let rules = rules.map_err(|error| self.misfit(&error))?;
        self.check_lengths(&rules)?;
        self.check_registered(&rules)?;
        Ok(Some(rules))
    }

    /// Without a route nothing goes out, and a receiver that gets nothing is a mistake.
    fn check_that_nothing_is_written(&self) -> Result<Option<DeskRules>, PlanError> {
        let receiver = self.receivers.first().map(Spanned::span);
        let template = self.templates.first().map(|template| template.text.span());
        let inhibit = self.inhibits.first().map(|inhibit| inhibit.by.span());
        let registered = self.registered.first().map(|registered| registered.id.span());
        let Some(span) = receiver.or(template).or(inhibit).or(registered) else { return Ok(None) };
        let problem = "no message goes out, because the plan has no `[[route]]`".to_owned();
        let help = "add `[[route]]` with `name` and `to`, as in docs/reference/plans.md";
        Err(PlanError::new("plan::missing", span, problem, help))
    }

    fn misfit(&self, error: &RulesError) -> PlanError {
        let span = match error {
            RulesError::TwoReceivers { receiver, .. } => self.receivers[*receiver].get_ref().name.span(),
            RulesError::TwoRoutes { route, .. } => self.routes[*route].get_ref().name.span(),
            RulesError::NoReceiver { route, to, .. }
            | RulesError::Same { route, to, .. }
            | RulesError::Consumer { route, to, .. } => self.routes[*route].get_ref().span_of(to),
        };
        PlanError::new("plan::route", span, error.to_string(), error.help())
    }

    /// No message of the longest names may need more parts than its receiver allows: it would be cut.
    fn check_lengths(&self, rules: &DeskRules) -> Result<(), PlanError> {
        for (written, receiver) in self.receivers.iter().zip(rules.receivers()) {
            for template in rules.templates_to(receiver) {
                self.check_length(template, receiver, written.get_ref().span_of_parts())?;
            }
        }
        Ok(())
    }

    /// Every SMS must be one of the texts that are registered, if there are any: no operator delivers another one.
    fn check_registered(&self, rules: &DeskRules) -> Result<(), PlanError> {
        let registry = rules.templates().registry();
        if registry.is_empty() {
            return Ok(());
        }
        for (written, receiver) in self.receivers.iter().zip(rules.receivers()) {
            if receiver.channel != Channel::Sms {
                continue;
            }
            for template in rules.templates_to(receiver) {
                let Some(text) = template.misfit(registry) else { continue };
                let problem = format!(
                    "receiver `{}` gets the message `{}` in `{}`, and no registered text fits \"{text}\"",
                    receiver.name,
                    shown(template),
                    template.language(),
                );
                let own = self.templates.iter().find(|written| written.is(template));
                let span = own.map_or_else(|| written.get_ref().name.span(), |own| own.text.span());
                let help = "add `[[registered]]` with its `id` and the `text` of the portal, with `{#var#}` for each 30 \
                    letters of what changes; or write a `[[template]]` as it is registered";
                return Err(PlanError::new("plan::registered", span, problem, help));
            }
        }
        Ok(())
    }

    fn check_length(
        &self,
        template: &Template,
        receiver: &Receiver,
        parts: Option<Range<usize>>,
    ) -> Result<(), PlanError> {
        let (alphabet, longest) = template.longest();
        if longest <= receiver.parts as usize {
            return Ok(());
        }
        let problem = format!(
            "with the longest names, the message `{}` in `{}` takes {longest} parts in {}, and receiver `{}` gets at most {}",
            shown(template),
            template.language(),
            alphabet.name(),
            receiver.name,
            receiver.parts,
        );
        let own = self.templates.iter().find(|written| written.is(template)).map(|one| one.text.span());
        let receiver_span = self.receivers.first().map(Spanned::span);
        let span = own.or(parts).or(receiver_span).unwrap_or_default();
        let help = format!("write a shorter text in `[[template]]`, or `parts = {longest}` for the receiver");
        Err(PlanError::new("plan::template", span, problem, help))
    }
}

/// A template by its kind and form.
fn shown(template: &Template) -> String {
    let kind = template.kind().map(|kind| format!("{kind} ")).unwrap_or_default();
    format!("{kind}{}", template.form().name())
}

fn each<W, T>(
    written: &[Spanned<W>],
    check: impl Fn(&W) -> Result<T, PlanError>,
) -> Result<Vec<T>, PlanError> {
    written.iter().map(|one| check(one.get_ref())).collect()
}

impl ReceiverToml {
    fn check(&self) -> Result<Receiver, PlanError> {
        let channel = one_of("channel", &self.channel, Channel::ALL.iter().map(|one| (one.name(), *one)))?;
        let per_hour = self.per_hour.as_ref().map_or(Ok(4), |most| count("per_hour", most, MOST_PER_DAY))?;
        let per_day = match &self.per_day {
            Some(most) => count("per_day", most, MOST_PER_DAY)?,
            None => per_hour.saturating_mul(3).min(MOST_PER_DAY),
        };
        if let Some(written) = self.per_day.as_ref().filter(|_| per_day < per_hour) {
            let problem = format!("`per_day` ({per_day}) must be at least `per_hour` ({per_hour})");
            return Err(PlanError::new(
                "plan::range",
                written.span(),
                problem,
                format!("try `per_day = {per_hour}`"),
            ));
        }
        Ok(Receiver {
            name: name(&self.name)?,
            channel,
            whom: self.whom(channel)?,
            language: self.language.as_ref().map_or(Ok(Language::ENGLISH), language)?,
            per_hour,
            per_day,
            parts: self
                .parts
                .as_ref()
                .map_or(Ok(usual_parts(channel)), |most| count("parts", most, MOST_PARTS))?,
            quiet: self.quiet()?,
        })
    }

    fn whom(&self, channel: Channel) -> Result<Whom, PlanError> {
        match (&self.to, &self.rota) {
            // The topology has phones of them, and nothing else.
            (Some(to), None) if channel == Channel::Sms => Ok(match to.get_ref().as_str() {
                "reader" => Whom::Reader,
                "consumer" => Whom::Consumer,
                _ => Whom::One(address(channel, to, "\"reader\", \"consumer\" or ")?),
            }),
            (Some(to), None) => Ok(Whom::One(address(channel, to, "")?)),
            (None, Some(rota)) if !rota.get_ref().is_empty() => {
                let shifts = rota.get_ref().iter().map(|shift| shift.check(channel));
                Ok(Whom::Rota(shifts.collect::<Result<_, _>>()?))
            }
            (to, rota) => {
                let both = to.as_ref().map(Spanned::span).filter(|_| rota.is_some());
                let span = both.or(rota.as_ref().map(Spanned::span)).unwrap_or_else(|| self.name.span());
                let problem = "a receiver needs either `to` or a `rota` with a shift".to_owned();
                Err(PlanError::new("plan::missing", span, problem, "try `to = \"reader\"`"))
            }
        }
    }

    fn quiet(&self) -> Result<Option<Quiet>, PlanError> {
        let but =
            self.quiet_below.as_ref().map_or(Ok(Severity::High), |below| severity("quiet_below", below))?;
        match (&self.quiet, &self.quiet_below) {
            (Some(quiet), _) => Ok(Some(Quiet { hours: hours("quiet", quiet)?, but })),
            (None, Some(below)) => {
                let problem = "`quiet_below` is about the hours of `quiet`, and there are none".to_owned();
                Err(PlanError::new("plan::missing", below.span(), problem, "add `quiet = \"22:00-06:00\"`"))
            }
            (None, None) => Ok(None),
        }
    }

    fn span_of_parts(&self) -> Option<Range<usize>> {
        Some(self.parts.as_ref().map_or_else(|| self.name.span(), Spanned::span))
    }
}

impl ShiftToml {
    fn check(&self, channel: Channel) -> Result<Shift, PlanError> {
        let days = self.days.as_ref().map(days_of).transpose()?;
        let has = |day: &DayType| days.is_none_or(|days| days >> *day as u8 & 1 == 1);
        Ok(Shift {
            hours: hours("hours", &self.hours)?,
            days: DayType::ALL.into_iter().filter(has).collect(),
            address: address(channel, &self.to, "")?,
        })
    }
}

impl RouteToml {
    fn check(&self) -> Result<Route, PlanError> {
        let time = |key: &str, written: &Option<Text>, longest: i64| {
            written.as_ref().map_or(Ok(0), |written| milliseconds(key, written, 0..=longest))
        };
        let repeat = match &self.repeat {
            Some(written) => Some(milliseconds("repeat", written, 1..=31 * DAY)?),
            None => None,
        };
        Ok(Route {
            name: name(&self.name)?,
            to: receivers("to", &self.to)?,
            kinds: self.kinds.iter().map(|written| kind("kinds", written)).collect::<Result<_, _>>()?,
            severity: self
                .severity
                .as_ref()
                .map_or(Ok(Severity::Info), |least| severity("severity", least))?,
            areas: ids("areas", &self.areas, |text| AreaId::new(text))?,
            feeders: ids("feeders", &self.feeders, |text| FeederId::new(text))?,
            classes: self.classes.iter().map(|class| class.get_ref().clone()).collect(),
            hours: self.hours.as_ref().map(|written| hours("hours", written)).transpose()?,
            language: self.language.as_ref().map(language).transpose()?,
            group_by: self.group_by()?,
            wait: time("wait", &self.wait, DAY)?,
            interval: time("interval", &self.interval, 7 * DAY)?,
            repeat,
            again_after: time("again_after", &self.again_after, 366 * DAY)?,
            clear: self.clear,
            escalate: self.escalate.as_ref().map(EscalateToml::check).transpose()?,
        })
    }

    fn group_by(&self) -> Result<Option<Vec<By>>, PlanError> {
        let Some(written) = &self.group_by else { return Ok(None) };
        let by =
            written.iter().map(|one| one_of("group_by", one, By::ALL.map(|by| (by.name(), by)).into_iter()));
        by.collect::<Result<_, _>>().map(Some)
    }

    /// Whether something in the plan finds what the route is for.
    fn check_sources(&self, route: &Route, sources: &Sources) -> Result<(), PlanError> {
        for (kind, is_found, section) in sources {
            let written = self.kinds.iter().find(|written| written.get_ref() == kind.name());
            if let Some(written) = written.filter(|_| !is_found) {
                let problem = format!("nothing in this plan finds `{kind}`");
                return Err(PlanError::new(
                    "plan::section",
                    written.span(),
                    problem,
                    format!("add {section}"),
                ));
            }
        }
        if route.kinds.is_empty() && sources.iter().all(|(_, is_found, _)| !is_found) {
            let problem = "nothing in this plan finds anything to write about".to_owned();
            let help = "add a detector with `[cases]`, or `[supply]`, or `[sanctioned]`";
            return Err(PlanError::new("plan::section", self.name.span(), problem, help));
        }
        Ok(())
    }

    /// Where the route names this receiver.
    fn span_of(&self, to: &str) -> Range<usize> {
        let escalates = self.escalate.iter().flat_map(|escalate| escalate.to.get_ref());
        // The last, because one that is in both lists is wrong in the second.
        let named = self.to.get_ref().iter().chain(escalates).rfind(|written| written.get_ref() == to);
        named.map_or_else(|| self.name.span(), Spanned::span)
    }
}

impl EscalateToml {
    fn check(&self) -> Result<Escalation, PlanError> {
        let after = milliseconds("after", &self.after, 1..=31 * DAY)?;
        Ok(Escalation { after, to: receivers("to", &self.to)? })
    }
}

impl InhibitToml {
    fn check(&self) -> Result<Inhibit, PlanError> {
        let kinds = self.kinds.get_ref().iter().map(|written| kind("kinds", written));
        Ok(Inhibit { by: kind("by", &self.by)?, kinds: kinds.collect::<Result<_, _>>()? })
    }
}

impl TemplateToml {
    fn is(&self, template: &Template) -> bool {
        let kind = template.kind().map(Kind::name);
        self.kind.as_ref().map(|kind| kind.get_ref().as_str()) == kind
            && self.form.get_ref() == template.form().name()
            && *self.language.get_ref() == template.language().to_string()
    }
}

fn templates(written: &[TemplateToml]) -> Result<Templates, PlanError> {
    let mut templates = Templates::default();
    for one in written {
        let kind = one.kind.as_ref().map(|written| kind("kind", written)).transpose()?;
        let form = one_of("form", &one.form, Form::ALL.map(|form| (form.name(), form)).into_iter())?;
        let template = Template::new(kind, form, language(&one.language)?, one.text.get_ref());
        let template = template.map_err(|error| {
            PlanError::new("plan::template", one.text.span(), error.to_string(), error.help())
        })?;
        if templates.replace(template).is_some() {
            let problem = "there are two templates for this kind, form and language".to_owned();
            return Err(PlanError::new("plan::template", one.text.span(), problem, "leave one of them out"));
        }
    }
    Ok(templates)
}

fn register(written: &[RegisteredToml], templates: &mut Templates) -> Result<(), PlanError> {
    for RegisteredToml { id, text } in written {
        let registered = Registered::new(id.get_ref(), text.get_ref());
        let done = registered.and_then(|registered| templates.register(registered));
        done.map_err(|error| {
            let (span, help) = match error {
                RegisteredError::Id { .. } => (id.span(), "write it as the portal of your operator shows it"),
                RegisteredError::Twice { .. } => (id.span(), "leave one of them out"),
                RegisteredError::Empty => (text.span(), "write it as the portal of your operator shows it"),
            };
            PlanError::new("plan::registered", span, error.to_string(), help)
        })?;
    }
    Ok(())
}

/// Names of routes and receivers are parts of the ids of messages, in which a dot separates them.
fn name(written: &Text) -> Result<String, PlanError> {
    let text = written.get_ref();
    let is_name =
        |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if (1..=32).contains(&text.len()) && is_name(text) {
        return Ok(text.clone());
    }
    let problem = format!("`name` must be small letters, digits and hyphens, at most 32, found \"{text}\"");
    Err(PlanError::new("plan::name", written.span(), problem, "try `name = \"on-duty\"`"))
}

fn receivers(key: &str, written: &Spanned<Texts>) -> Result<Vec<String>, PlanError> {
    let names: Vec<String> = written.get_ref().iter().map(|one| one.get_ref().clone()).collect();
    if names.is_empty() {
        let problem = format!("`{key}` must name a receiver");
        return Err(PlanError::new("plan::missing", written.span(), problem, "name a `[[receiver]]`"));
    }
    let mut seen = BTreeSet::new();
    match written.get_ref().iter().find(|one| !seen.insert(one.get_ref())) {
        None => Ok(names),
        Some(twice) => {
            let problem = format!("`{key}` names `{}` twice", twice.get_ref());
            Err(PlanError::new("plan::route", twice.span(), problem, "leave one out"))
        }
    }
}

fn ids<T: Ord>(
    key: &str,
    written: &[Text],
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, PlanError> {
    let id = |one: &Text| {
        read(one.get_ref()).ok_or_else(|| {
            let problem = format!("`{key}` holds \"{}\", which is no name of a place", one.get_ref());
            PlanError::new("plan::name", one.span(), problem, "write it as the topology does")
        })
    };
    written.iter().map(id).collect()
}

fn kind(key: &str, written: &Text) -> Result<Kind, PlanError> {
    one_of(key, written, Kind::ALL.iter().map(|kind| (kind.name(), *kind)))
}

fn severity(key: &str, written: &Text) -> Result<Severity, PlanError> {
    one_of(key, written, Severity::ALL.map(|severity| (severity.name(), severity)).into_iter())
}

fn language(written: &Text) -> Result<Language, PlanError> {
    Language::new(written.get_ref()).map_err(|error| {
        PlanError::new("plan::choice", written.span(), error.to_string(), "try `language = \"hi\"`")
    })
}

/// Only an SMS has parts that cost and tire; any other message may be as long as the longest of them.
fn usual_parts(channel: Channel) -> u32 {
    if channel == Channel::Sms { 3 } else { MOST_PARTS }
}

fn address(channel: Channel, written: &Text, or: &str) -> Result<Address, PlanError> {
    channel.address(written.get_ref()).ok_or_else(|| {
        let about = channel.about();
        let problem = format!("`to` must be {or}{}, found \"{}\"", about.wanted, written.get_ref());
        let help = format!(
            "write {} like \"{}\"",
            about.wanted.split(':').next().unwrap_or_default(),
            about.example
        );
        PlanError::new("plan::address", written.span(), problem, help)
    })
}

fn one_of<T>(
    key: &str,
    written: &Text,
    known: impl Iterator<Item = (&'static str, T)> + Clone,
) -> Result<T, PlanError> {
    let text = written.get_ref();
    if let Some((_, found)) = known.clone().find(|(name, _)| name == text) {
        return Ok(found);
    }
    let names: Vec<&str> = known.map(|(name, _)| name).collect();
    let problem = format!("`{key}` must be one of \"{}\", found \"{text}\"", names.join("\", \""));
    let near = nearest(text, names.iter().copied()).unwrap_or(names[0]);
    Err(PlanError::new("plan::choice", written.span(), problem, format!("try \"{near}\"")))
}

fn count(key: &str, written: &Spanned<u32>, most: u32) -> Result<u32, PlanError> {
    let value = *written.get_ref();
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    let problem = format!("`{key}` must be from 1 to {most}, found {value}");
    Err(PlanError::new(
        "plan::range",
        written.span(),
        problem,
        format!("try `{key} = {}`", value.clamp(1, most)),
    ))
}

/// `22:00-06:00`, local time.
fn hours(key: &str, written: &Text) -> Result<Hours, PlanError> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
    };
    let read = written.get_ref().split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    match read {
        Some((from, to)) if from != to => Ok(Hours { from, to }),
        _ => {
            let problem = format!("`{key}` must be two times of a day, found \"{}\"", written.get_ref());
            Err(PlanError::new(
                "plan::window",
                written.span(),
                problem,
                format!("try `{key} = \"22:00-06:00\"`"),
            ))
        }
    }
}
