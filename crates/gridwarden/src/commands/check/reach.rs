//! Whom each route reaches in a topology: the columns with phones, and the parts of the network that routes name.

use super::page::Page;
use grid::{Role, Topology, TopologyRow};
use notify::DeskRules;
use notify::desk::{Receiver, Route, Whom};
use shell::count;
use std::collections::BTreeSet;

/// Adds the section about it to the page. Returns each route that reaches nobody at all, in words.
pub(super) fn section(rules: &DeskRules, topology: &Topology, page: &mut Page) -> Vec<String> {
    page.section("reach");
    let mut problems = Vec::new();
    for route in rules.routes() {
        let meters: Vec<&TopologyRow> = meters_of(route, topology).collect();
        page.key(&route.name, count(meters.len() as u64, "consumer"));
        if meters.is_empty() {
            problems.push(format!("route `{}` asks for a place or class that no consumer has", route.name));
            continue;
        }
        let escalates = route.escalate.iter().flat_map(|escalation| &escalation.to);
        let named: BTreeSet<&String> = route.to.iter().chain(escalates).collect();
        for receiver in rules.receivers().iter().filter(|one| named.contains(&one.name)) {
            let Some((column, reached)) = reached(receiver, &meters) else { continue };
            let all = meters.len();
            page.key(
                &format!("{} to {}", route.name, receiver.name),
                format!("{reached} of {all} have `{column}`"),
            );
            if reached == 0 {
                problems.push(format!(
                    "route `{}` goes to `{}`, and no consumer that it is about has a `{column}`",
                    route.name, receiver.name
                ));
            }
        }
    }
    problems
}

/// The consumers that a route can be about.
fn meters_of<'t>(route: &'t Route, topology: &'t Topology) -> impl Iterator<Item = &'t TopologyRow> {
    let consumers = topology.rows().iter().filter(|row| row.role == Role::Consumer && row.to.is_none());
    consumers.filter(|row| {
        let is_in = |all: bool, one: bool| all || one;
        is_in(route.areas.is_empty(), row.area.as_deref().is_some_and(|area| route.areas.contains(area)))
            && is_in(
                route.feeders.is_empty(),
                row.feeder.as_deref().is_some_and(|feeder| route.feeders.contains(feeder)),
            )
            && is_in(
                route.classes.is_empty(),
                row.class.as_ref().is_some_and(|class| route.classes.contains(class)),
            )
    })
}

/// Of how many meters somebody has an address, and the column that it stands in. None where the plan has the address.
fn reached(receiver: &Receiver, meters: &[&TopologyRow]) -> Option<(&'static str, usize)> {
    let having = |has: fn(&TopologyRow) -> bool| meters.iter().filter(|row| has(row)).count();
    match receiver.whom {
        Whom::Reader => {
            Some(("reader_phone", having(|row| row.area.is_some() && row.reader_phone.is_some())))
        }
        Whom::Consumer => Some(("phone", having(|row| row.phone.is_some()))),
        Whom::One(_) | Whom::Rota(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::Plan;

    const HEAD: &str = "meter,role,transformer,feeder,area,phase,class,sanctioned_w,phone,reader_phone\n";

    fn check(rows: &str, change: impl Fn(String) -> String) -> (String, Vec<String>) {
        let text = change(include_str!("../../../../../pipelines/routes.toml").to_owned());
        let plan = Plan::read(&text).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("topology.csv");
        std::fs::write(&path, format!("{HEAD}{rows}")).unwrap();
        let mut page = Page::about("test");
        let topology = shell::read_topology(&path).unwrap();
        let problems = section(plan.desk.as_ref().unwrap(), &topology, &mut page);
        (page.text(), problems)
    }

    #[test]
    fn a_route_whose_people_have_phones_is_fine_and_counted() {
        let rows =
            "M1,consumer,T1,F1,A1,a,domestic,3000,+1001,+2001\nM2,consumer,T1,F1,A1,a,domestic,3000,,+2001\n";
        let (page, problems) = check(rows, |text| text);
        assert_eq!(problems, [""; 0]);
        for line in
            ["walk to readers", "2 of 2 have `reader_phone`", "load to consumers", "1 of 2 have `phone`"]
        {
            assert!(page.contains(line), "{page}");
        }
    }

    #[test]
    fn every_route_that_reaches_nobody_is_named() {
        let rows = "M1,consumer,T1,F1,A1,a,domestic,3000,,\n";
        let (_, problems) = check(rows, |text| {
            text.replace("kinds = [\"outage\"]\nseverity", "kinds = [\"outage\"]\nareas = [\"A9\"]\nseverity")
        });
        let wanted = [
            "route `walk` goes to `readers`, and no consumer that it is about has a `reader_phone`",
            "route `supply` asks for a place or class that no consumer has",
            "route `load` goes to `consumers`, and no consumer that it is about has a `phone`",
        ];
        assert_eq!(problems, wanted);
    }
}
