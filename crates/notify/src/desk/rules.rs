//! Who hears of what: receivers and routes, as a plan has them after its check.

use super::notice::{Kind, Notice};
use crate::words::{Language, Template, Templates};
use crate::{Address, Channel};
use cases::Severity;
use reading::{AreaId, Calendar, DayType, EventTime, FeederId};
use std::collections::BTreeSet;

/// A span of the local day, in minutes since midnight. It may go past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The first minute after it.
    pub to: u16,
}

impl Hours {
    /// Whether a minute of the day lies within. A span from a minute to itself is the whole day.
    pub fn has(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// A person's turn on the rota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// On these hours,
    pub hours: Hours,
    /// of days of these types; the hours after midnight belong to the day that they lie in.
    pub days: Vec<DayType>,
    /// this address has the duty.
    pub address: Address,
}

/// Who is behind a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The meter reader of the area.
    Reader,
    /// The consumer.
    Consumer,
    /// One address.
    One(Address),
    /// The first shift that holds.
    Rota(Vec<Shift>),
}

impl Whom {
    /// When nobody of a rota is on duty, on days of each type.
    pub fn holes(&self) -> Vec<(DayType, Hours)> {
        let Self::Rota(shifts) = self else { return vec![] };
        let mut holes = Vec::<(DayType, Hours)>::new();
        for day in DayType::ALL {
            let of_day: Vec<&Shift> = shifts.iter().filter(|shift| shift.days.contains(&day)).collect();
            for minute in (0..24 * 60).filter(|&minute| !of_day.iter().any(|shift| shift.hours.has(minute))) {
                match holes.last_mut() {
                    Some((of, hole)) if *of == day && hole.to == minute => hole.to = minute + 1,
                    _ => holes.push((day, Hours { from: minute, to: minute + 1 })),
                }
            }
        }
        holes
    }

    /// The address at this time. None while nobody of the rota is on duty, and if it is another one for each notice.
    pub fn address_at(&self, now: EventTime, calendar: &Calendar) -> Option<&Address> {
        match self {
            Self::Reader | Self::Consumer => None,
            Self::One(address) => Some(address),
            Self::Rota(shifts) => {
                let (minute, day) = (calendar.minute_of_day(now), calendar.day_type(calendar.day(now)));
                let holds = |shift: &&Shift| shift.hours.has(minute) && shift.days.contains(&day);
                shifts.iter().find(holds).map(|shift| &shift.address)
            }
        }
    }
}

/// Hours in which a receiver gets nothing but what is urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// The hours.
    pub hours: Hours,
    /// This and more severe goes out all the same.
    pub but: Severity,
}

/// A receiver of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name in routes.
    pub name: String,
    /// On which channel it is reached.
    pub channel: Channel,
    /// Who it is.
    pub whom: Whom,
    /// In which language it reads.
    pub language: Language,
    /// Messages to one address in any hour.
    pub per_hour: u32,
    /// Messages to one address in any 24 hours.
    pub per_day: u32,
    /// Parts of a long message at most.
    pub parts: u32,
    /// When it gets only what is urgent.
    pub quiet: Option<Quiet>,
}

/// What alerts of one route and kind are joined by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The area.
    Area,
    /// The feeder.
    Feeder,
    /// The transformer.
    Transformer,
    /// The meter.
    Meter,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Area, Self::Feeder, Self::Transformer, Self::Meter];

    /// The name that plans use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Feeder => "feeder",
            Self::Transformer => "transformer",
            Self::Meter => "meter",
        }
    }

    /// What a notice has for it; empty if nothing.
    pub(crate) fn of(self, notice: &Notice) -> String {
        let place = &notice.place;
        match self {
            Self::Area => place.area.map(|area| area.to_string()).unwrap_or_default(),
            Self::Feeder => place.feeder.map(|feeder| feeder.to_string()).unwrap_or_default(),
            Self::Transformer => place.transformer.map(|one| one.to_string()).unwrap_or_default(),
            Self::Meter => place.meter.map(|meter| meter.to_string()).unwrap_or_default(),
        }
    }
}

/// Who hears of it when nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// So long after the first message, ms.
    pub after: i64,
    /// The receivers.
    pub to: Vec<String>,
}

/// What goes to whom, and how soon. An empty list of a criterion asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name, by which stored state finds it again.
    pub name: String,
    /// The receivers.
    pub to: Vec<String>,
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// Only this and more severe.
    pub severity: Severity,
    /// Only these areas.
    pub areas: BTreeSet<AreaId>,
    /// Only these feeders.
    pub feeders: BTreeSet<FeederId>,
    /// Only consumers of these classes.
    pub classes: BTreeSet<String>,
    /// Only what comes in these hours.
    pub hours: Option<Hours>,
    /// In this language instead of the receiver's.
    pub language: Option<Language>,
    /// Alerts with the same of these are one message; without it each is a message.
    pub group_by: Option<Vec<By>>,
    /// How long a new group waits for more, ms.
    pub wait: i64,
    /// The least time between two messages of a group, ms.
    pub interval: i64,
    /// How often what goes on is repeated while nobody acknowledges, ms.
    pub repeat: Option<i64>,
    /// So long nothing more goes out about the same thing and kind, unless it is clearly worse, ms.
    pub again_after: i64,
    /// Whether the end is worth a message, too.
    pub clear: bool,
    /// Who hears of it when nobody acknowledges.
    pub escalate: Option<Escalation>,
}

impl Route {
    /// Whether a notice that comes now goes this way.
    pub(crate) fn takes(&self, notice: &Notice, now: EventTime, calendar: &Calendar) -> bool {
        let place = &notice.place;
        let in_area = || place.area.is_some_and(|area| self.areas.contains(&area));
        let on_feeder = || place.feeder.is_some_and(|feeder| self.feeders.contains(&feeder));
        let of_class = || place.class.as_ref().is_some_and(|class| self.classes.contains(class));
        (self.kinds.is_empty() || self.kinds.contains(&notice.kind))
            && notice.severity >= self.severity
            && (self.areas.is_empty() || in_area())
            && (self.feeders.is_empty() || on_feeder())
            && (self.classes.is_empty() || of_class())
            && self.hours.is_none_or(|hours| hours.has(calendar.minute_of_day(now)))
    }

    /// What a notice has in common with others of its group.
    pub(crate) fn common(&self, notice: &Notice) -> Vec<String> {
        match &self.group_by {
            Some(by) => by.iter().map(|by| by.of(notice)).collect(),
            None => vec![notice.episode.clone()],
        }
    }

    /// The kinds that can go this way.
    fn kinds(&self) -> &[Kind] {
        if self.kinds.is_empty() { Kind::ALL } else { &self.kinds }
    }
}

/// While something of this kind goes on, what lies beneath it is not worth a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inhibit {
    /// Something of this kind, about a feeder, a transformer or a meter,
    pub by: Kind,
    /// keeps back these kinds beneath it. Of its own kind it keeps back only what is smaller.
    pub kinds: Vec<Kind>,
}

/// All that the desk goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct DeskRules {
    receivers: Vec<Receiver>,
    routes: Vec<Route>,
    inhibits: Vec<Inhibit>,
    templates: Templates,
}

/// Why receivers and routes do not go together. `route` and `receiver` are places in their lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Two of one name.
    #[error("two receivers are called `{name}`")]
    TwoReceivers {
        /// The second.
        receiver: usize,
        /// Its name.
        name: String,
    },
    /// Two of one name.
    #[error("two routes are called `{name}`")]
    TwoRoutes {
        /// The second.
        route: usize,
        /// Its name.
        name: String,
    },
    /// A route to nobody.
    #[error("route `{name}` goes to `{to}`, and no receiver is called so")]
    NoReceiver {
        /// The route.
        route: usize,
        /// Its name.
        name: String,
        /// The receiver that is missing.
        to: String,
    },
    /// The same people would get the same again.
    #[error("route `{name}` goes to `{to}`, and escalates to the same")]
    Same {
        /// The route.
        route: usize,
        /// Its name.
        name: String,
        /// The receiver.
        to: String,
    },
    /// Nobody is accused.
    #[error("route `{name}` goes to consumers (`{to}`), who never get a message of the kind `{kind}`")]
    Consumer {
        /// The route.
        route: usize,
        /// Its name.
        name: String,
        /// The receiver.
        to: String,
        /// The kind.
        kind: Kind,
    },
}

impl RulesError {
    /// A way out.
    pub fn help(&self) -> String {
        match self {
            Self::TwoReceivers { .. } | Self::TwoRoutes { .. } => {
                "give one of them another `name`".to_owned()
            }
            Self::Same { .. } => "escalate to somebody else, or let `repeat` remind them".to_owned(),
            Self::NoReceiver { to, .. } => format!("add a `[[receiver]]` with `name = \"{to}\"`"),
            Self::Consumer { .. } => {
                let allowed = Kind::ALL.iter().filter(|kind| kind.may_reach_consumer());
                let names: Vec<String> = allowed.map(|kind| format!("\"{kind}\"")).collect();
                format!("name the kinds of the route, of which consumers may get: {}", names.join(", "))
            }
        }
    }
}

impl DeskRules {
    /// Rules that go together: every name is there once, and no route leads a suspicion to a consumer.
    pub fn new(
        receivers: Vec<Receiver>,
        routes: Vec<Route>,
        inhibits: Vec<Inhibit>,
        templates: Templates,
    ) -> Result<Self, RulesError> {
        for (place, receiver) in receivers.iter().enumerate() {
            if receivers[..place].iter().any(|before| before.name == receiver.name) {
                return Err(RulesError::TwoReceivers { receiver: place, name: receiver.name.clone() });
            }
        }
        for (place, route) in routes.iter().enumerate() {
            let name = || route.name.clone();
            if routes[..place].iter().any(|before| before.name == route.name) {
                return Err(RulesError::TwoRoutes { route: place, name: name() });
            }
            let escalates = route.escalate.iter().flat_map(|escalation| &escalation.to);
            if let Some(to) = escalates.clone().find(|to| route.to.contains(*to)) {
                return Err(RulesError::Same { route: place, name: name(), to: to.clone() });
            }
            for to in route.to.iter().chain(escalates) {
                let Some(receiver) = receivers.iter().find(|receiver| receiver.name == *to) else {
                    return Err(RulesError::NoReceiver { route: place, name: name(), to: to.clone() });
                };
                let never = route.kinds().iter().find(|kind| !kind.may_reach_consumer());
                if let (Whom::Consumer, Some(&kind)) = (&receiver.whom, never) {
                    return Err(RulesError::Consumer { route: place, name: name(), to: to.clone(), kind });
                }
            }
        }
        Ok(Self { receivers, routes, inhibits, templates })
    }

    /// The same without the receivers on a channel; none if no route has anybody left.
    pub fn without(mut self, channel: Channel) -> Option<Self> {
        self.receivers.retain(|receiver| receiver.channel != channel);
        let receivers = &self.receivers;
        let is_left = |name: &String| receivers.iter().any(|receiver| receiver.name == *name);
        for route in &mut self.routes {
            route.to.retain(is_left);
            if let Some(escalation) = &mut route.escalate {
                escalation.to.retain(is_left);
            }
        }
        self.routes.retain(|route| !route.to.is_empty());
        (!self.routes.is_empty()).then_some(self)
    }

    /// The receivers.
    pub fn receivers(&self) -> &[Receiver] {
        &self.receivers
    }

    /// The routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What keeps back what.
    pub fn inhibits(&self) -> &[Inhibit] {
        &self.inhibits
    }

    /// The words of messages.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The templates that messages to a receiver are written by.
    pub fn templates_to<'a>(&'a self, receiver: &'a Receiver) -> impl Iterator<Item = &'a Template> {
        let asked = self.routes.iter().filter(|route| {
            let escalates = route.escalate.iter().flat_map(|escalation| &escalation.to);
            route.to.iter().chain(escalates).any(|to| *to == receiver.name)
        });
        asked.flat_map(|route| {
            let language = route.language.as_ref().unwrap_or(&receiver.language);
            let templates = self.templates.in_language(language);
            templates.filter(|template| template.kind().is_none_or(|kind| route.kinds().contains(&kind)))
        })
    }

    /// The receiver of this name.
    pub(crate) fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }

    /// The route of this name.
    pub(crate) fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }
}
