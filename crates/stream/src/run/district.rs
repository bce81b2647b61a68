//! How a worker treats intervals that the first stage has passed on to its districts.

use super::halt::Ended;
use super::parcel::Parcel;
use super::progress::Progress;
use super::worker::Worker;
use crate::trace::Trace;
use pipeline::{District, Outputs, PartitionId, Passed, TownGauge, TownGauges};
use reading::EventTime;
use shell::telemetry;

impl Worker<'_> {
    /// Takes messages of the exchange into a district, and publishes the results.
    pub(super) fn take_passed(
        &mut self,
        partition: PartitionId,
        district: &mut District,
        progress: &mut Progress,
        parcel: Parcel,
    ) -> Result<(), Ended> {
        progress.position = parcel.next();
        let mut out = Outputs::default();
        let mut unknown = 0;
        let topic = self.rows.kafka().outputs.intervals.as_deref().unwrap_or_default();
        let trace = Trace::of(topic, partition, parcel.next() - 1);
        for bytes in parcel.values() {
            let Some(passed) = Passed::decode(bytes) else {
                unknown += 1;
                continue;
            };
            let newest_ms = match passed {
                Passed::Closed { newest_ms, .. } => newest_ms,
                _ => i64::MIN,
            };
            district.take(passed, &mut out);
            self.rows.outputs(&out, Some(trace), |record| self.publisher.send(self.epoch, record))?;
            // Measure latency only if a message has closed the tick just now, not an idle lane or an end.
            out.alerts.iter().filter(|_| newest_ms > 0).for_each(|_| self.metrics.alerted(newest_ms));
            progress.tally.found.count(&out);
            self.metrics.findings(&out.findings);
            out.clear();
        }
        self.empties.give(parcel);
        if unknown > 0 {
            telemetry::passed_unknown(partition, unknown);
        }
        if let Some(last_tick) = district.last_tick() {
            progress.gauges.front(last_tick);
        }
        self.count_district(partition, district, progress);
        self.endings.set(partition, progress.position, district.ended());
        Ok(())
    }

    /// Looks for silent meters by the clock: no lane sends anything, so event time stands still.
    pub(super) fn notice(
        &mut self,
        partition: PartitionId,
        district: &mut District,
        progress: &mut Progress,
        now: EventTime,
    ) -> Result<(), Ended> {
        let mut out = Outputs::default();
        district.notice(now, &mut out);
        self.rows.outputs(&out, None, |record| self.publisher.send(self.epoch, record))?;
        self.count_district(partition, district, progress);
        Ok(())
    }

    /// Updates the gauges of open cases, outages and waiting rows.
    pub(super) fn count_district(
        &self,
        partition: PartitionId,
        district: &District,
        progress: &mut Progress,
    ) {
        let (gauges, waiting) = (district.town().gauges(), district.waiting() as i64);
        self.count_gauges(&progress.counted, &gauges);
        self.metrics.merge(waiting - progress.waiting);
        (progress.counted, progress.waiting) = (gauges, waiting);
        self.lanes_too_far.set(Some(partition), district.too_far_ahead(self.most_rows));
    }

    /// Takes a district out of the gauges. Its new owner counts it from now on.
    pub(super) fn forget_district(&self, partition: PartitionId, progress: &Progress) {
        self.count_gauges(&progress.counted, &TownGauges::default());
        self.metrics.merge(-progress.waiting);
        self.lanes_too_far.set(Some(partition), std::iter::empty());
    }

    /// A gauge is the sum over all districts of this instance, so each district adds its own difference.
    fn count_gauges(&self, before: &TownGauges, now: &TownGauges) {
        for (index, gauge) in TownGauge::ALL.iter().enumerate() {
            self.metrics.town(*gauge).inc_by(now[index] as i64 - before[index] as i64);
        }
    }
}
