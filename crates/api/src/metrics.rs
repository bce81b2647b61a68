//! The numbers of `serve` for Prometheus: what became of notices and messages, and how many alarms its people get (EEMUA 191).
//! A label is a receiver of the plan, a gateway or a fate, never a meter or a phone.

use crate::office::Figures;
use std::fmt::{Display, Write};

struct Page(String);

impl Page {
    /// A metric with its values, each with its labels.
    fn metric<V: Display>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        label: &str,
        values: impl IntoIterator<Item = (String, V)>,
    ) {
        write!(self.0, "# HELP gridwarden_serve_{name} {help}\n# TYPE gridwarden_serve_{name} {kind}\n")
            .expect("text grows");
        for (of, value) in values {
            let labels = if label.is_empty() { String::new() } else { format!("{{{label}=\"{of}\"}}") };
            writeln!(self.0, "gridwarden_serve_{name}{labels} {value}").expect("text grows");
        }
    }

    fn number(&mut self, about: (&str, &str, &str), value: impl Display) {
        self.metric(about, "", [(String::new(), value)]);
    }
}

/// All of them, as text.
pub(crate) fn text(figures: &Figures, is_whole: bool) -> String {
    let mut page = Page(String::new());
    let named = |all: &[(&'static str, u64)]| -> Vec<(String, u64)> {
        all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    page.number(("ready", "gauge", "1 once all outputs have been read"), u8::from(is_whole));
    let alarms = &figures.alarms;
    page.metric(
        ("operator_messages_total", "counter", "messages about alarms, by the receiver on duty"),
        "receiver",
        alarms.by_receiver.iter().map(|(name, of)| (name.clone(), of.total)),
    );
    page.metric(
        ("operator_messages_10m", "gauge", "the same in the last 10 minutes: EEMUA 191 asks for at most one"),
        "receiver",
        alarms.by_receiver.iter().map(|(name, of)| (name.clone(), of.last_ten_minutes)),
    );
    page.number(("alarms_standing", "gauge", "cases and outages that go on"), alarms.standing);
    page.number(
        ("alarms_stale", "gauge", "of these, those that have gone on for more than 24 hours"),
        alarms.stale,
    );
    page.number(
        ("alarms_unacknowledged", "gauge", "of those that go on: nobody takes care"),
        alarms.unacknowledged,
    );
    page.number(
        (
            "alarms_chattering",
            "gauge",
            "parts of the network with three or more alarms of a kind in 24 hours",
        ),
        alarms.chattering,
    );
    page.number(("acknowledged_total", "counter", "alarms that somebody took care of"), alarms.acknowledged);
    page.metric(
        (
            "acknowledge_median_seconds",
            "gauge",
            "median time until somebody took care, of the last 1000 alarms",
        ),
        "",
        alarms.median_seconds.map(|seconds| (String::new(), seconds)),
    );
    page.metric(
        ("routes_total", "counter", "what became of notices and errands"),
        "fate",
        named(&figures.routes),
    );
    let held = [
        ("digest", figures.held),
        ("group", figures.grouped),
        ("inhibited", figures.inhibited_now),
        ("silenced", figures.silenced_now),
    ];
    page.metric(
        ("held_back", "gauge", "errands that are held back now; in a group they may also be silenced"),
        "by",
        named(&held),
    );
    page.number(("messages_waiting", "gauge", "messages that are not over"), figures.waiting);
    page.metric(
        ("messages_total", "counter", "messages and parts since the start"),
        "fate",
        named(&figures.messages),
    );
    page.metric(
        ("phones_total", "counter", "what became of what phones sent"),
        "fate",
        named(&figures.phones),
    );
    page.metric(
        ("gateway_up", "gauge", "1 if the gateway is connected"),
        "gateway",
        figures.gateways.iter().map(|(name, is_up)| (name.clone(), u8::from(*is_up))),
    );
    page.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::Figures;
    use std::collections::BTreeSet;

    /// The names of metrics in a text.
    fn names(text: &str) -> BTreeSet<&str> {
        let pieces = text.split("gridwarden_serve_").skip(1);
        pieces
            .map(|piece| piece.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap())
            .collect()
    }

    #[test]
    fn rules_and_dashboard_ask_for_what_is_there_and_show_all_of_it() {
        let figures = Figures { routes: vec![("sent", 1)], ..Figures::default() };
        let text = text(&figures, true);
        let (rules, dashboard) = (
            include_str!("../../../docs/operating/serve-rules.yml"),
            include_str!("../../../docs/operating/serve-dashboard.json"),
        );
        let there = names(&text);
        let asked: BTreeSet<&str> = names(rules).union(&names(dashboard)).copied().collect();
        assert_eq!(asked.difference(&there).copied().collect::<Vec<&str>>(), [""; 0]);
        // A total is for those who ask for their own window.
        let left: Vec<&str> = there.difference(&asked).copied().collect();
        assert_eq!(left, ["acknowledged_total", "operator_messages_total"]);
    }

    #[test]
    fn every_metric_is_explained_once_and_labels_are_none_of_meters() {
        let mut figures = Figures { gateways: vec![("smsc".to_owned(), true)], ..Figures::default() };
        figures.alarms.median_seconds = Some(90.5);
        let text = text(&figures, false);
        let typed = text.lines().filter(|line| line.starts_with("# TYPE ")).count();
        let helped = text.lines().filter(|line| line.starts_with("# HELP ")).count();
        assert_eq!((typed, typed), (helped, names(&text).len()));
        assert!(text.contains("\ngridwarden_serve_gateway_up{gateway=\"smsc\"} 1\n"), "{text}");
        assert!(text.contains("\ngridwarden_serve_acknowledge_median_seconds 90.5\n"), "{text}");
        assert!(text.contains("gridwarden_serve_ready 0\n"), "{text}");
    }
}
