//! Outputs as JSON, for people's scripts and for topics: alerts, short messages, dead letters and the rest.

use cases::{Alert, Case, CaseId};
use columns::{Asked, demand_name, quantile_column};
use detect::{DailySuspicion, Evidence, Innocent};
use forecast::Forecast;
use grid::Balance;
use metering::{AboveSanctioned, DemandRow, DemandRule, ProfileRow};
use notify::Sms;
use pipeline::{Dead, Plan};
use reading::{Calendar, Phases, RawReading};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;
use supply::{IndexRow, Interruption, Outage};
use vet::Finding;
use wire::json::LONGEST_LINE;

/// A line of `alerts.ndjson`.
pub fn alert(alert: &Alert) -> Value {
    json!({
        "id": alert.id.as_str(),
        "case": alert.case.as_str(),
        "kind": alert.kind.name(),
        "severity": alert.severity.name(),
        "time": alert.time.to_string(),
        "meter": alert.meter.as_str(),
        "transformer": alert.transformer.map(|id| id.to_string()),
        "area": alert.area.map(|id| id.to_string()),
        "text": alert.text,
        "evidence": alert.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

/// A line of `alerts.ndjson` about a consumer who used more than was agreed: no suspicion, and no case.
pub fn above(above: &AboveSanctioned, calendar: &Calendar) -> Value {
    let AboveSanctioned { meter, demand, sanctioned, start, end, .. } = above;
    json!({
        "id": above_id(above),
        "case": null,
        "kind": "above-sanctioned",
        "severity": "low",
        "time": end.to_string(),
        "meter": meter.as_str(),
        "transformer": above.transformer.map(|id| id.to_string()),
        "area": above.area.map(|id| id.to_string()),
        "text": above_said(above, calendar),
        "evidence": [{
            "rule": "sanctioned",
            "demand_w": round(demand.0),
            "sanctioned_w": round(sanctioned.0),
            "share": round(demand.0 / sanctioned.0),
            "since": start.to_string(),
            "until": end.to_string(),
        }],
    })
}

/// The same in one sentence.
pub fn above_said(above: &AboveSanctioned, calendar: &Calendar) -> String {
    let AboveSanctioned { meter, demand, sanctioned, start, end, .. } = above;
    let (from, to) = (calendar.day_and_time(*start), calendar.day_and_time(*end));
    let zone = calendar.zone_name();
    format!(
        "meter {meter} drew {:.0} W on average from {from} to {to} {zone}; {:.0} W is sanctioned",
        demand.0, sanctioned.0
    )
}

/// The name of such an alert, the same in every run.
pub fn above_id(above: &AboveSanctioned) -> String {
    let time: String = above.end.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("above-sanctioned.{}.{time}", above.meter)
}

fn evidence(evidence: &Evidence) -> Value {
    match evidence {
        Evidence::PhaseNeutral(seen) => json!({
            "detector": "phase-neutral",
            "phase_a": round(seen.phase.0),
            "neutral_a": round(seen.neutral.0),
            "apart_a": round(seen.apart.0),
            "allowed_a": round(seen.allowed.0),
            "apart_max_a": round(seen.apart_max.0),
            "share": round(seen.share.0),
            "blocks": seen.blocks,
            "needed": seen.needed,
            "since": seen.since.to_string(),
            "until": seen.until.to_string(),
            "excess_wh": seen.excess.map(|wh| wh.0),
            "looked_at": seen.looked_at.iter().map(Innocent::name).collect::<Vec<_>>(),
        }),
    }
}

/// Measured in thousandths, means are told in them too.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A row of `demand.parquet`.
pub fn demand(row: &DemandRow, rule: &DemandRule) -> Value {
    let whole = row.whole.as_ref();
    let among = whole.map(|whole| whole.among);
    let mut told = json!({
        "meter": demand_name(row.target),
        "start": row.start.to_string(),
        "end": row.end.to_string(),
        "zone": rule.zone_name(row.zone),
        "block_w": row.block.map(|peak| peak.demand.0),
        "block_end": row.block.map(|peak| peak.end.to_string()),
        "sliding_w": row.sliding.map(|peak| peak.demand.0),
        "sliding_end": row.sliding.map(|peak| peak.end.to_string()),
        "block_va": row.block_va.map(|most| most.0),
        "sliding_va": row.sliding_va.map(|most| most.0),
        "energy_wh": row.energy.0,
        "exp_wh": whole.map(|whole| whole.exported.0),
        "load_factor": whole.and_then(|whole| Some(whole.load_factor?.0)),
        "pf": whole.and_then(|whole| Some(whole.pf?.0)),
        "low_pf": whole.and_then(|whole| Some(whole.pf? < rule.low_pf())),
        "varh_lag": whole.and_then(|whole| Some(whole.reactive?.0)),
        "varh_lead": whole.and_then(|whole| Some(whole.reactive?.1)),
        "low_pf_hours": whole.map(|whole| whole.low_pf_hours),
        "hours": whole.map(|whole| whole.hours),
        "estimated_hours": whole.map(|whole| whole.estimated_hours),
        "base_w": whole.and_then(|whole| Some(whole.base?.0)),
        "night_share": whole.and_then(|whole| Some(whole.night_share?.0)),
        "coincident_w": among.and_then(|among| Some(among.coincident?.0)),
        "sanctioned_w": among.and_then(|among| Some(among.sanctioned?.0)),
        "utilisation": row.utilisation().map(|ratio| ratio.0),
        "meters": among.and_then(|among| among.meters),
        "diversity": among.and_then(|among| Some(among.diversity?.0)),
        "peer_ratio": among.and_then(|among| Some(among.peers?.0)),
    });
    if rule.pf_classes() > 0 {
        let spread = whole.and_then(|whole| whole.pf_spread.as_ref());
        told["pf_p05"] = spread.map(|spread| spread.low.0).into();
        told["pf_hours"] = spread.map(|spread| spread.hours.clone()).into();
    }
    told
}

/// The rows of `profiles.parquet` of one meter and type of day.
pub fn profile(slots: &[ProfileRow]) -> Value {
    let slot = |row: &ProfileRow| json!({ "slot": row.slot(), "mean_w": row.mean.0, "spread_w": row.spread.0, "weight": row.weight });
    json!({
        "meter": slots[0].meter.as_str(),
        "day_type": slots[0].day_type.name(),
        "slots": slots.iter().map(slot).collect::<Vec<_>>(),
    })
}

/// A line of `sms.ndjson`.
pub fn sms(sms: &Sms) -> Value {
    json!({
        "id": sms.id,
        "to": sms.to.as_str(),
        "time": sms.time.to_string(),
        "area": sms.area.map(|id| id.to_string()),
        "case": sms.case.as_str(),
        "more": sms.more,
        "text": sms.text.as_str(),
    })
}

#[derive(Serialize)]
struct DeadLetter<'a> {
    reason: &'static str,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// The bytes as they came, if they are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<&'a str>,
    /// Else in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_hex: Option<String>,
}

/// The bytes of a dead letter as they came; of a reading out of columns, the reading.
pub fn dead_bytes(dead: &Dead) -> Cow<'_, [u8]> {
    let Some((meter, reading)) = dead.reading.as_ref().filter(|_| dead.bytes.is_empty()) else {
        return Cow::Borrowed(&dead.bytes);
    };
    let mut raw = RawReading::new(*meter, reading.time());
    reading.write_back(&mut raw);
    if let (Some(Phases::One(_)), Some((min, max))) = (raw.v, reading.v())
        && min != max
    {
        raw.v = None;
    }
    let mut written = Vec::new();
    wire::json::encode(&raw, &mut written);
    Cow::Owned(written)
}

/// A message of `cases`: the case as it is now.
pub fn case(case: &Case) -> Value {
    json!({
        "id": case.id.as_str(),
        "meter": case.meter.as_str(),
        "transformer": case.transformer.map(|id| id.to_string()),
        "area": case.area.map(|id| id.to_string()),
        "detector": case.detector.name(),
        "opened": case.opened.to_string(),
        "last_evidence": case.last_evidence.to_string(),
        "closed": case.closed.map(|time| time.to_string()),
        "state": case.state().name(),
        "score": case.score_max,
        "blocks": case.blocks,
        "follows": case.follows.as_ref().map(CaseId::as_str),
        "evidence": case.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "opening": case.opening.iter().map(evidence).collect::<Vec<_>>(),
        "excess_total_wh": case.excess.map(|wh| wh.0),
    })
}

/// A message of `balances`: the columns of `balance.parquet`.
pub fn balance(one: &Balance) -> Value {
    json!({
        "transformer": one.transformer.to_string(),
        "start": one.start.to_string(),
        "end": one.end.to_string(),
        "supplied_wh": one.supplied.map(|wh| wh.0),
        "consumed_wh": one.consumed.0,
        "gap_wh": one.gap.map(|wh| wh.0),
        "meters": one.meters,
        "reporting": one.reporting,
        "quality": one.quality.to_string(),
    })
}

/// A line of `findings.ndjson`, and a message of `findings`.
pub fn finding(one: &Finding) -> Value {
    json!({
        "rule": one.rule.name(),
        "whose": one.whose.to_string(),
        "start": one.start.to_string(),
        "end": one.end.to_string(),
        "intervals": one.intervals,
        "seen": one.seen,
        "allowed": one.allowed,
    })
}

/// A message of `outages`: the columns of `outages.parquet`.
pub fn outage(one: &Outage) -> Value {
    json!({
        "role": one.target.role(),
        "target": one.target.name(),
        "area": one.area.map(|id| id.to_string()),
        "start": one.start.to_string(),
        "end": one.end.map(|end| end.to_string()),
        "cause": one.cause.name(),
        "kind": one.kind.map(Interruption::name),
        "consumers": one.consumers,
        "customer_minutes": one.customer_minutes(),
    })
}

/// A message of `supply`: the columns of `supply.parquet`.
pub fn indices(one: &IndexRow) -> Value {
    json!({
        "area": one.area_name(),
        "month": one.month.to_string(),
        "consumers": one.consumers,
        "saidi_min": one.saidi,
        "saifi": one.saifi,
        "caidi_min": one.caidi,
        "maifi": one.maifi,
        "major_event_days": one.major.map(|major| major.days),
        "threshold_min": one.major.map(|major| major.threshold),
        "saidi_min_without_major": one.major.and_then(|major| major.saidi_without),
        "saifi_without_major": one.major.and_then(|major| major.saifi_without),
        "low_voltage_hours": one.low_voltage_hours,
        "high_voltage_hours": one.high_voltage_hours,
        "unbalanced_hours": one.unbalanced_hours,
        "voltage_hours": one.voltage_hours,
    })
}

/// A message of `forecasts`: the columns of `forecasts.parquet`.
pub fn forecast(one: &Forecast, quantiles: &[f64]) -> Value {
    let mut json = json!({
        "target": one.target.to_string(),
        "issued": one.issued.to_string(),
        "start": one.start.to_string(),
        "end": one.end.to_string(),
        "mean": one.mean.0,
    });
    for (&quantile, power) in quantiles.iter().zip(&one.quantiles) {
        json[quantile_column(quantile)] = power.0.into();
    }
    json
}

/// A message of `suspicions`: the columns of `suspicions.parquet`.
pub fn suspicion(one: &DailySuspicion) -> Value {
    json!({
        "meter": one.meter.to_string(),
        "day": one.day.to_string(),
        "score": one.score,
        "phase_neutral": one.phase_neutral,
        "blocks": one.blocks,
    })
}

/// A line of `dead-letters.ndjson`.
pub fn dead(dead: &Dead, source: &Path) -> String {
    let bytes = dead_bytes(dead);
    // The whole of a line that is too long would be too long here as well.
    let bytes = &bytes[..bytes.len().min(LONGEST_LINE)];
    let text = std::str::from_utf8(bytes);
    let letter = DeadLetter {
        reason: dead.reason.name(),
        source: source.display().to_string(),
        meter: dead.reading.as_ref().map(|(meter, _)| meter.to_string()),
        time: dead.reading.as_ref().map(|(_, reading)| reading.time().to_string()),
        bytes: text.ok(),
        bytes_hex: text.is_err().then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    };
    serde_json::to_string(&letter).expect("text and numbers can be written")
}

/// The columns of intervals that a plan asks for.
pub fn asked(plan: &Plan) -> Asked {
    Asked {
        valid: plan.quality.is_some(),
        pf_true: plan.pf_true,
        unbalance: plan.unbalance,
        candidate: plan.candidate.map(|candidate| (candidate.share, candidate.floor)),
    }
}
