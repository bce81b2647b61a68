//! What is possible in a topology and probably a mistake: it is used as it is, with a warning.

use grid::{Role, TopologyRow};
use std::collections::{BTreeMap, BTreeSet};

/// Some rows that are odd in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oddity {
    /// How many there are.
    pub(super) count: u64,
    /// What is odd, with the first as an example.
    pub(super) what: String,
}

/// How utilities write phases, in small letters.
const PHASES: &[&str] = &[
    "a", "b", "c", "ab", "bc", "ca", "ac", "abc", "r", "y", "ry", "yb", "br", "rb", "ryb", "s", "t", "rs",
    "st", "tr", "rst", "u", "v", "w", "uvw", "l1", "l2", "l3", "l1l2l3", "1", "2", "3", "12", "23", "31",
    "13", "123", "n",
];

/// What is odd in these rows.
pub(super) fn oddities(rows: &[TopologyRow]) -> Vec<Oddity> {
    let of = |role: Role| rows.iter().filter(move |row| row.role == role);
    let known: BTreeSet<_> = of(Role::Transformer).filter_map(|row| row.transformer.as_deref()).collect();
    // If other transformers have rows, the name is probably misspelt.
    let strange = of(Role::Consumer)
        .filter_map(|row| Some((row.meter, row.transformer.as_deref()?)))
        .filter(|(_, on)| !known.is_empty() && !known.contains(on));
    let nothing = of(Role::Consumer).filter(|row| row.sanctioned.is_some_and(|watts| watts.0 == 0.0));
    let phases = rows.iter().filter_map(|row| Some((row.meter, row.phase.as_ref()?)));
    let phases = phases.filter(|(_, phase)| {
        !PHASES.contains(&phase.to_lowercase().replace(['/', '-', '+', ' '], "").as_str())
    });
    let all = [
        odd(
            strange,
            "consumers are on transformers that have no row of their own",
            |(meter, transformer)| format!("{meter} on {transformer}"),
        ),
        odd(two_feeders(rows), "transformers are on two feeders at a time", |(transformer, one, other)| {
            format!("{transformer} on {one} and {other}")
        }),
        odd(nothing, "consumers have a sanctioned load of 0 W: leave it empty if it is not known", |row| {
            row.meter.to_string()
        }),
        odd(
            phases,
            "meters have a phase that is not known, such as `a`, `R`, `L1` or `abc`",
            |(meter, phase)| format!("{meter} with `{phase}`"),
        ),
    ];
    all.into_iter().flatten().collect()
}

fn odd<T>(mut found: impl Iterator<Item = T>, what: &str, shown: impl Fn(T) -> String) -> Option<Oddity> {
    let first = shown(found.next()?);
    Some(Oddity { count: found.count() as u64 + 1, what: format!("{what}, the first: {first}") })
}

/// Transformers whose rows name two feeders that hold at the same time, with both.
fn two_feeders(rows: &[TopologyRow]) -> impl Iterator<Item = (String, String, String)> {
    let mut by_transformer: BTreeMap<_, Vec<&TopologyRow>> = BTreeMap::new();
    for row in rows {
        if let (Some(transformer), Some(_)) = (row.transformer.as_deref(), row.feeder.as_deref()) {
            let own = by_transformer.entry(transformer).or_default();
            // Nearly all rows of a transformer say the same.
            if !own
                .iter()
                .any(|other| (&other.feeder, other.from, other.to) == (&row.feeder, row.from, row.to))
            {
                own.push(row);
            }
        }
    }
    by_transformer.into_iter().filter_map(|(transformer, own)| {
        let pairs =
            own.iter().enumerate().flat_map(|(at, one)| own[at + 1..].iter().map(move |other| (one, other)));
        let two = pairs.into_iter().find(|(one, other)| one.feeder != other.feeder && overlap(one, other))?;
        let name = |row: &TopologyRow| row.feeder.as_ref().map(ToString::to_string).unwrap_or_default();
        Some((transformer.to_string(), name(two.0), name(two.1)))
    })
}

fn overlap(one: &TopologyRow, other: &TopologyRow) -> bool {
    let starts_before_end = |one: &TopologyRow, other: &TopologyRow| match (one.from, other.to) {
        (Some(from), Some(to)) => from < to,
        _ => true,
    };
    starts_before_end(one, other) && starts_before_end(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reading::{EventTime, FeederId, MeterId, TransformerId};
    use std::sync::Arc;
    use units::Watts;

    fn row(meter: &str, role: Role, transformer: &str, feeder: &str) -> TopologyRow {
        TopologyRow {
            transformer: TransformerId::new(transformer).map(Arc::new),
            feeder: FeederId::new(feeder).map(Arc::new),
            ..TopologyRow::new(MeterId::new(meter).expect("a name"), role)
        }
    }

    fn found(rows: &[TopologyRow]) -> Vec<String> {
        oddities(rows).into_iter().map(|odd| format!("{} {}", odd.count, odd.what)).collect()
    }

    #[test]
    fn what_is_usual_is_not_odd() {
        let mut moved = row("B", Role::Consumer, "T1", "F1");
        moved.to = Some(EventTime(1000));
        let mut later = row("B", Role::Consumer, "T2", "F2");
        (later.from, later.phase, later.sanctioned) =
            (Some(EventTime(1000)), Some("R/Y/B".to_owned()), Some(Watts(3000.0)));
        assert_eq!(found(&[row("A", Role::Consumer, "T1", "F1"), moved, later]), [""; 0]);
    }

    #[test]
    fn each_oddity_is_counted_with_its_first() {
        let mut a = row("A", Role::Consumer, "T1", "F1");
        (a.phase, a.sanctioned) = (Some("x".to_owned()), Some(Watts(0.0)));
        let rows = [
            a,
            row("B", Role::Consumer, "T1", "F2"),
            row("C", Role::Consumer, "T9", ""),
            row("D", Role::Transformer, "T1", "F1"),
        ];
        assert_eq!(
            found(&rows),
            [
                "1 consumers are on transformers that have no row of their own, the first: C on T9",
                "1 transformers are on two feeders at a time, the first: T1 on F1 and F2",
                "1 consumers have a sanctioned load of 0 W: leave it empty if it is not known, the first: A",
                "1 meters have a phase that is not known, such as `a`, `R`, `L1` or `abc`, the first: A with `x`",
            ]
        );
    }
}
