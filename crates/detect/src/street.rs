//! A town of one meter for tests of detectors that look at wires, one interval at a time.

use crate::{Comparing, DetectorRules, Detectors, Findings, Suspicion};
use grid::{Fronts, Role, Topology, TopologyRow};
use reading::time::HOUR;
use reading::{
    Event, EventCode, EventTime, Grid, Interval, Limits, MeterId, Quality, RawReading, Sums, Wire, Wires,
};
use units::{Milliamperes, Millivolts, Milliwatts, WattHours};

/// One meter, and the detector that looks at it.
pub(crate) struct Street {
    topology: Topology,
    fronts: Fronts,
    detectors: Detectors,
    hour: i64,
}

/// Any hour since 1970.
const FIRST: i64 = 473_000;

fn meter() -> MeterId {
    MeterId::new("M1").unwrap()
}

impl Street {
    /// With the defaults of one detector.
    pub(crate) fn of(detector: crate::Detector) -> Self {
        let mut rules = DetectorRules::NONE;
        rules.read(detector, &[]).unwrap();
        let topology = Topology::new(vec![TopologyRow::new(meter(), Role::Consumer)]).unwrap();
        let fronts = Fronts::new(Grid::new(HOUR).unwrap(), 0, &topology);
        Self { topology, fronts, detectors: Detectors::new(&rules), hour: FIRST }
    }

    /// The next hour, with what the meter saw of its wires.
    pub(crate) fn wires(&mut self, change: impl FnOnce(&mut Wires)) -> Vec<Suspicion> {
        let mut wires = Wires::new(meter(), self.end());
        wires.count = 1;
        change(&mut wires);
        self.tick(1000, Sums::EMPTY, &[], &[wires])
    }

    /// The next hour, with its energy, Wh, and events that came in it.
    pub(crate) fn energy(&mut self, wh: i64, events: &[u16]) -> Vec<Suspicion> {
        let time = self.end();
        let event = |&code: &u16| Event { meter: meter(), time, code: EventCode(code) };
        let events: Vec<Event> = events.iter().map(event).collect();
        self.tick(wh, Sums::EMPTY, &events, &[])
    }

    /// The next hour, with its energy, Wh, and one reading.
    pub(crate) fn measured(&mut self, wh: i64, raw: impl FnOnce(&mut RawReading)) -> Vec<Suspicion> {
        let mut one = RawReading::new(meter(), self.end());
        one.imp = Some(WattHours(1_000_000));
        raw(&mut one);
        let limits = Limits {
            v_max: Millivolts(600_000),
            i_max: Milliamperes(2_000_000),
            p_max: Milliwatts(i64::MAX),
        };
        let mut sums = Sums::EMPTY;
        sums.add(&reading::check(&one, &limits).unwrap().reading);
        self.tick(wh, sums, &[], &[])
    }

    /// The same state, stored and restored.
    pub(crate) fn restored(&mut self, detector: crate::Detector) {
        let state = self.detectors.state(detector, &self.topology).unwrap();
        let bytes = serde_json::to_vec(&state).unwrap();
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let again = crate::DetectorState::read(detector, detector.state_version(), &mut reader).unwrap();
        let mut rules = DetectorRules::NONE;
        rules.read(detector, &[]).unwrap();
        self.detectors = Detectors::new(&rules);
        self.detectors.restore(again, &self.topology);
    }

    fn end(&self) -> EventTime {
        EventTime((self.hour + 1) * HOUR)
    }

    fn tick(&mut self, wh: i64, sums: Sums, events: &[Event], wires: &[Wires]) -> Vec<Suspicion> {
        let (start, end) = (EventTime(self.hour * HOUR), self.end());
        let interval = Interval {
            meter: meter(),
            start,
            end,
            imp: Some(WattHours(wh)),
            exp: None,
            sums,
            quality: Quality::MEASURED,
            instead: None,
        };
        self.hour += 1;
        let rows = [interval];
        self.fronts.tick(end, self.topology.join(&rows));
        let (topology, fronts) = (&self.topology, &self.fronts);
        let comparing = Comparing { topology, fronts, at_the_end: false, events, wires };
        let mut findings = Findings::default();
        self.detectors.examine(&comparing, self.topology.join(&rows), &mut findings);
        findings.weighed().0
    }
}

/// A phase with so many volts, amperes, watts and vars.
pub(crate) fn wire(volts: f64, amperes: f64, watts: f64, vars: f64) -> Wire {
    let milli = |value: f64| (value * 1000.0).round() as i64;
    Wire { v: milli(volts), i: milli(amperes), p: milli(watts), q: milli(vars) }
}

/// Three phases, and the neutral current.
pub(crate) fn three(phases: [Wire; 3], neutral: f64) -> impl FnOnce(&mut Wires) {
    move |wires| {
        (wires.phases, wires.neutral) = (phases, (neutral * 1000.0).round() as i64);
        (wires.three_count, wires.whole_count) = (1, 1);
    }
}
