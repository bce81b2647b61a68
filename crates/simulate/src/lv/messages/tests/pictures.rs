//! What each kind changes at the meters that it concerns, beside the same town in order.

use super::*;
use crate::lv::kind::Suits;
use std::collections::BTreeSet;

/// The sums of what meters sent while a story was at work.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    v: f64,
    /// How far the voltage is from that of the town in order.
    off: f64,
    count: f64,
    i: f64,
    neutral: f64,
    p: f64,
    wh: f64,
    v_load: f64,
}

type Readings = BTreeMap<(MeterId, EventTime), RawReading>;

fn readings(town: &LvTown) -> Readings {
    town.messages().map(|message| ((message.raw.meter, message.raw.time), message.raw)).collect()
}

fn total(phases: Option<Phases<i64>>) -> f64 {
    phases.map_or(0.0, |phases| phases.as_slice().iter().sum::<i64>() as f64)
}

fn add(sums: &mut Sums, raw: &RawReading, before: Option<&RawReading>) {
    let wide = |phases: Option<Phases<i32>>| {
        phases.map(|phases| match phases {
            Phases::One(one) => Phases::One(i64::from(one)),
            Phases::Three(three) => Phases::Three(three.map(i64::from)),
        })
    };
    let wh = |raw: &RawReading| raw.imp.unwrap_or_default().0 - raw.exp.unwrap_or_default().0;
    sums.v += total(wide(raw.v.map(|v| numbers(v, |one| one.0))));
    sums.i += total(wide(raw.i.map(|i| numbers(i, |one| one.0))));
    sums.p += total(raw.p.map(|p| numbers(p, |one| one.0)));
    sums.neutral += f64::from(raw.neutral.unwrap_or_default().0);
    sums.v_load += f64::from(raw.v_load.unwrap_or_default().0);
    sums.wh += before.map_or(0, |before| wh(raw) - wh(before)) as f64;
}

/// The mean of the phases.
fn volts(raw: &RawReading) -> f64 {
    let v = raw.v.expect("every reading has a voltage");
    let sum: f64 = v.as_slice().iter().map(|one| f64::from(one.0)).sum();
    sum / v.as_slice().len() as f64 / 1000.0
}

fn numbers<T: Copy, N>(phases: Phases<T>, number: impl Fn(T) -> N) -> Phases<N> {
    match phases {
        Phases::One(one) => Phases::One(number(one)),
        Phases::Three(three) => Phases::Three(three.map(number)),
    }
}

/// How a number compares with that of the town in order.
fn sign(now: f64, usual: f64) -> char {
    match now / usual {
        _ if now == 0.0 && usual == 0.0 => '=',
        ratio if (ratio - 1.0).abs() < 0.015 => '=',
        ratio if ratio < -0.04 => '!',
        ratio if ratio < 0.04 => '0',
        ratio if ratio < 1.0 => '-',
        _ => '+',
    }
}

fn settings_of(kind: Kind, share: f64) -> LvSettings {
    let mut settings = settings(45, 8, 9, &[kind]);
    settings.town.interval_ms = 30 * reading::time::MINUTE;
    settings.town.three_phase = if kind.row().suits == Suits::Three { 1.0 } else { 0.0 };
    settings.town.solar = 0.0;
    (settings.town.thieves, settings.innocents) = (share, share);
    settings
}

/// The stories at work in a step, each with the meter at which it is seen.
fn at_work(town: &LvTown, index: u64) -> Vec<MeterId> {
    let step = Step::new(&town.settings.town, &town.weather, index);
    let own = town.consumers.iter().filter(|one| one.story.is_some_and(|story| story.is_on(&step)));
    let of_transformer = town.transformers.iter().filter(|one| {
        let hooks = one.hooks.iter().any(|hook| hook.story.is_on(&step));
        hooks || one.error.is_some_and(|story| story.is_on(&step))
    });
    let mut meters: Vec<MeterId> =
        own.map(|one| one.meter).chain(of_transformer.map(|one| one.meter)).collect();
    for one in &town.transformers {
        let Some((_, pole)) = one.breaks.filter(|(story, _)| story.is_on(&step)) else { continue };
        let behind = one.network.behind(pole);
        let taps = one.consumers.clone().zip(&one.taps).filter(|(_, tap)| behind.contains(&tap.pole));
        meters.extend(taps.map(|(index, _)| town.consumers[index].meter));
    }
    meters
}

/// `v= i- n= p- wh- vl=`, and the events that the town in order does not have.
fn picture(kind: Kind, usual: &Readings) -> String {
    let town = town(settings_of(kind, 0.12));
    let now = readings(&town);
    let (mut ours, mut theirs) = (Sums::default(), Sums::default());
    let mut events = BTreeSet::new();
    let mut meters = BTreeSet::new();
    for index in 1..town.settings.town.steps() {
        let time = town.settings.town.start_of(index + 1);
        let before = town.settings.town.start_of(index);
        for meter in at_work(&town, index) {
            meters.insert(meter);
            let (Some(one), Some(other)) = (now.get(&(meter, time)), usual.get(&(meter, time))) else {
                continue;
            };
            ours.off += (volts(one) - volts(other)).abs();
            ours.count += 1.0;
            add(&mut ours, one, now.get(&(meter, before)));
            add(&mut theirs, other, usual.get(&(meter, before)));
            events.extend(one.events.iter().filter(|code| !other.events.contains(code)).map(|code| code.0));
        }
    }
    assert!(!meters.is_empty(), "{} happens to nobody", kind.name());
    let pairs = [
        ("i", ours.i, theirs.i),
        ("n", ours.neutral, theirs.neutral),
        ("p", ours.p, theirs.p),
        ("wh", ours.wh, theirs.wh),
        ("vl", ours.v_load, theirs.v_load),
    ];
    let v = match sign(ours.v, theirs.v) {
        '=' if ours.off > 4.0 * ours.count => '~',
        sign => sign,
    };
    let signs: Vec<String> =
        pairs.iter().map(|(name, ours, theirs)| format!("{name}{}", sign(*ours, *theirs))).collect();
    let events: Vec<String> = events.iter().map(u16::to_string).collect();
    format!("{:<24}v{v} {}  {}", kind.name(), signs.join(" "), events.join(" ")).trim_end().to_owned()
}

/// `=` as in order, `-` less, `+` more, `~` sometimes less and sometimes more, `0` nothing, `!` backwards; then events.
/// Of what happens at a transformer, these are the values of its meter.
const EXPECTED: &str = "\
neutral-bypass          v= i- n= p- wh- vl=  65 66
earth-return            v= i= n- p- wh- vl=  69 70 205 206
full-bypass             v= i- n- p- wh- vl=
partial-shunt           v= i- n- p- wh- vl=
magnet                  v= i- n- p- wh- vl=  65 66 201
under-registration      v= i= n= p- wh- vl=  205 206
reversed-ct             v= i= n= p- wh- vl=  51 53 55 56
ct-open                 v= i- n= p- wh- vl=  57 58 59 60
potential-link-open     v- i= n= p- wh- vl=  3 5
missing-neutral         v0 i= n0 p0 wh0 vl0  207
cover-then-drop         v= i- n- p- wh- vl=  251
night-bypass            v= i- n- p- wh- vl=
air-conditioner-bypass  v= i- n- p- wh- vl=
zeroed-window           v= i0 n0 p0 wh0 vl=
use-after-disconnection v= i- n- p- wh- vl=  301 407
hooking                 v= i+ n+ p+ wh+ vl=
tariff-misuse           v= i+ n+ p+ wh+ vl=
unindexed               v= i= n= p= wh= vl=
shared-neutral          v= i= n- p= wh= vl=  65 66 69 70
swapped-wires           v= i= n= p! wh= vl=  51
lost-neutral            v- i= n0 p- wh- vl-  69 70
broken-line-neutral     v~ i+ n+ p= wh= vl=
low-load                v= i- n- p- wh- vl=
drift                   v= i= n= p= wh= vl=
wrong-multiplier        v= i+ n+ p+ wh+ vl=
wrong-transformer       v= i= n= p= wh= vl=
wrong-phase             v= i= n= p= wh= vl=
solar-unregistered      v= i+ n+ p! wh- vl=  51 52
vacancy                 v= i- n- p- wh- vl-  301
new-appliance           v= i+ n+ p+ wh+ vl=
new-tenant              v= i- n- p- wh- vl=
generator-backfeed      v= i0 n0 p0 wh0 vl-  301 407
communication-gap       v= i= n= p= wh= vl=
tamper-burst            v= i= n= p= wh= vl=  65 66 69 70 201 202 203 204 207 208
meter-error             v= i+ n= p+ wh+ vl=
";

#[test]
fn every_kind_changes_what_it_should() {
    let usual = |kind| readings(&town(settings_of(kind, 0.0)));
    let (single, three) = (usual(Kind::Magnet), usual(Kind::CtOpen));
    let of = |kind: &Kind| match kind.row().suits {
        Suits::Three => picture(*kind, &three),
        _ => picture(*kind, &single),
    };
    let pictures: Vec<String> = Kind::ALL.iter().map(of).collect();
    assert!(pictures.join("\n") == EXPECTED.trim_end(), "now:\n{}", pictures.join("\n"));
}
