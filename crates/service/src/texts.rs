//! Outputs as JSON, for people's scripts: alerts, short messages, dead letters.

use cases::Alert;
use detect::{Evidence, Innocent};
use notify::Sms;
use pipeline::Dead;
use reading::{Phases, RawReading};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
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

/// A line of `dead-letters.ndjson`.
pub fn dead(dead: &Dead, source: &Path) -> String {
    let mut written = Vec::new();
    let bytes = match &dead.reading {
        Some((meter, reading)) if dead.bytes.is_empty() => {
            let mut raw = RawReading::new(*meter, reading.time());
            reading.write_back(&mut raw);
            if let (Some(Phases::One(_)), Some((min, max))) = (raw.v, reading.v())
                && min != max
            {
                raw.v = None;
            }
            wire::json::encode(&raw, &mut written);
            &written
        }
        _ => &dead.bytes,
    };
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
