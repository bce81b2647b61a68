//! Meters: where one is, when it was last heard, what it used, and what goes on there.

use super::Shared;
use super::acks::AckOut;
use super::caller::Caller;
use super::input::Name;
use super::problem::{Problem, Refused};
use deliver::gateway::SMS;
use deliver::masked_address;
use deliver::people::Role;
use reading::MeterId;
use serde::Serialize;
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;

/// Something that goes on at a meter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GoesOn {
    episode: String,
    /// Who takes care of it, if somebody does.
    acknowledged: Option<AckOut>,
}

/// What a meter counted in its billing period.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Used {
    energy_wh: i64,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
}

/// A meter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Meter {
    meter: String,
    /// `consumer`, `transformer` or `feeder`.
    role: String,
    transformer: Option<String>,
    feeder: Option<String>,
    area: Option<String>,
    class: Option<String>,
    serial: Option<String>,
    sanctioned_w: Option<f64>,
    /// The phone of the consumer; for a `viewer` only its end.
    phone: Option<String>,
    /// The stamp of its latest reading, by the output `health`.
    #[schema(format = DateTime)]
    last_heard: Option<String>,
    /// By the output `demand`.
    used: Option<Used>,
    goes_on: Vec<GoesOn>,
}

/// A meter of the topology.
#[utoipa::path(get, path = "/api/v1/meters/{meter}", tag = "found", params(("meter" = String, Path)),
    responses((status = 200, body = Meter), Refused))]
pub(super) async fn one(
    State(api): Shared,
    caller: Caller,
    Name(meter): Name,
) -> Result<Json<Meter>, Problem> {
    let id = MeterId::new(&meter).ok_or_else(|| Problem::missing("meter"))?;
    let places = api.post().places();
    let row = places.rows_of(&id).find(|row| row.to.is_none());
    let row = row.filter(|row| caller.may_know(row.area.as_ref().map(|area| area.as_str())));
    let row = row.ok_or_else(|| Problem::missing("meter"))?;
    let (last_heard, used, episodes) = {
        let board = api.post().board();
        (board.last_heard(&meter), board.use_of(&meter), board.episodes_at(&meter))
    };
    let goes_on = api.people(|people| {
        let one = |episode: String| {
            let acknowledged = people.ack(&episode)?.map(AckOut::from);
            Ok(GoesOn { episode, acknowledged })
        };
        episodes.into_iter().map(one).collect()
    })?;
    let is_masked = caller.0.role < Role::Operator;
    let shown = |phone: &String| if is_masked { masked_address(SMS, phone) } else { phone.clone() };
    Ok(Json(Meter {
        role: row.role.to_string(),
        transformer: row.transformer.as_ref().map(ToString::to_string),
        feeder: row.feeder.as_ref().map(ToString::to_string),
        area: row.area.as_ref().map(ToString::to_string),
        class: row.class.clone(),
        serial: row.serial.clone(),
        sanctioned_w: row.sanctioned.map(|load| load.0),
        phone: row.phone.as_ref().map(shown),
        last_heard: last_heard.map(|time| time.to_string()),
        used: used.map(|(energy_wh, from, to)| Used {
            energy_wh,
            from: from.to_string(),
            to: to.to_string(),
        }),
        goes_on,
        meter,
    }))
}
