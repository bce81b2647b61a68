//! The lists `[[receiver]]`, `[[route]]`, `[[inhibit]]`, `[[template]]` and `[[registered]]`.

use super::page::{Page, listed};
use notify::desk::{By, Escalation, Hours, Inhibit, Kind, Receiver, Route, Shift, Whom};
use notify::words::Template;
use notify::{Address, DeskRules};
use reading::quantity::time;
use reading::{AreaId, DayType, FeederId};

pub(super) fn sections(rules: Option<&DeskRules>, page: &mut Page) {
    let Some(rules) = rules else {
        page.none("[route]");
        return;
    };
    rules.receivers().iter().for_each(|one| receiver(one, page));
    rules.routes().iter().for_each(|one| route(one, page));
    rules.inhibits().iter().for_each(|one| inhibit(one, page));
    rules.templates().own().for_each(|one| template(one, page));
    for text in rules.templates().registry().texts() {
        page.section("[registered]");
        page.key("id", text.id());
        page.key("text", text.text());
    }
}

fn receiver(receiver: &Receiver, page: &mut Page) {
    page.section("[receiver]");
    page.key("name", &receiver.name);
    page.key("channel", receiver.channel);
    match &receiver.whom {
        Whom::Reader => page.key("to", "reader: the meter reader of the area"),
        Whom::Consumer => page.key("to", "consumer: the phone of the meter in the topology"),
        Whom::One(address) => page.key("to", masked(address)),
        Whom::Rota(shifts) => page.key("rota", listed(shifts.iter().map(shift))),
    }
    let holes = receiver.whom.holes();
    if !holes.is_empty() {
        let hole = |(day, span): &(DayType, Hours)| format!("{} on {}", hours(*span), day.name());
        page.key("nobody on duty", listed(holes.iter().map(hole)));
    }
    page.key("language", &receiver.language);
    page.key("per_hour", receiver.per_hour);
    page.key("per_day", receiver.per_day);
    page.key("parts", receiver.parts);
    match receiver.quiet {
        None => page.key("quiet", "none"),
        Some(quiet) => page.key("quiet", format!("{}, below {}", hours(quiet.hours), quiet.but.name())),
    }
}

fn route(route: &Route, page: &mut Page) {
    let of = |only: Vec<String>, all: &str| if only.is_empty() { all.to_owned() } else { listed(only) };
    let at = |ms: i64, none: &str| if ms == 0 { none.to_owned() } else { time(ms) };
    page.section("[route]");
    page.key("name", &route.name);
    page.key("to", listed(&route.to));
    page.key("kinds", of(route.kinds.iter().map(Kind::to_string).collect(), "all"));
    page.key("severity", format!("{} and more severe", route.severity.name()));
    page.key("areas", of(route.areas.iter().map(AreaId::to_string).collect(), "all"));
    page.key("feeders", of(route.feeders.iter().map(FeederId::to_string).collect(), "all"));
    page.key("classes", of(route.classes.iter().cloned().collect(), "all"));
    page.key("hours", route.hours.map_or_else(|| "all".to_owned(), hours));
    if let Some(language) = &route.language {
        page.key("language", language);
    }
    match &route.group_by {
        None => page.key("group_by", "none: each is a message"),
        Some(by) if by.is_empty() => page.key("group_by", "all of a kind are one message"),
        Some(by) => page.key("group_by", listed(by.iter().map(|by: &By| by.name()))),
    }
    page.key("wait", at(route.wait, "none"));
    page.key("interval", at(route.interval, "none"));
    page.key("repeat", route.repeat.map_or_else(|| "never".to_owned(), time));
    page.key("again_after", at(route.again_after, "at once"));
    page.key("clear", if route.clear { "true: the end is a message, too" } else { "false" });
    match &route.escalate {
        None => page.key("escalate", "none"),
        Some(Escalation { after, to }) => {
            page.key("escalate", format!("after {} to {}", time(*after), listed(to)));
        }
    }
}

fn inhibit(inhibit: &Inhibit, page: &mut Page) {
    page.section("[inhibit]");
    page.key("by", inhibit.by);
    page.key("kinds", listed(&inhibit.kinds));
}

fn template(template: &Template, page: &mut Page) {
    let (alphabet, parts) = template.longest();
    page.section("[template]");
    page.key("kind", template.kind().map_or("any", Kind::name));
    page.key("form", template.form().name());
    page.key("language", template.language());
    page.key("longest", format!("{parts} parts in {}", alphabet.name()));
}

fn hours(hours: Hours) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", clock(hours.from), clock(hours.to))
}

fn shift(shift: &Shift) -> String {
    let days: Vec<&str> = shift.days.iter().copied().map(DayType::name).collect();
    format!("{} on {} {}", hours(shift.hours), days.join(" "), masked(&shift.address))
}

/// A number as it may stand on a page that people pass around: only its end.
fn masked(address: &Address) -> String {
    let text = address.as_str();
    let shown = text.len().saturating_sub(3);
    format!("{}{}", "*".repeat(shown), &text[shown..])
}
