//! Alerts, cases, evidence and notices: what was found.

use super::acks::AckOut;
use super::caller::Caller;
use super::input::{Name, Params};
use super::page::{Page, Paging};
use super::problem::{Problem, Refused};
use super::{Api, Shared};
use crate::board::{Columns, Row, Rows};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;

/// An alert: a case opened or closed, or somebody used more than was agreed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Alert {
    id: String,
    /// The case, if it is about one.
    case: Option<String>,
    /// `opened`, `closed` or `above-sanctioned`.
    kind: String,
    /// `info`, `low`, `medium` or `high`.
    severity: String,
    /// Event time, UTC.
    #[schema(format = DateTime)]
    time: String,
    meter: String,
    transformer: Option<String>,
    area: Option<String>,
    /// The alert in one line.
    text: String,
    /// An object for each detector or rule.
    evidence: Vec<Value>,
    /// Who takes care of the case, if somebody does.
    acknowledged: Option<AckOut>,
}

/// A case as it is now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Case {
    id: String,
    /// `meter/NAME`.
    target: String,
    /// The leading detector.
    kind: String,
    #[schema(format = DateTime)]
    opened: String,
    #[schema(format = DateTime)]
    updated: String,
    #[schema(format = DateTime)]
    closed: Option<String>,
    /// `open` or `closed`.
    state: String,
    /// It ranks cases, and is not calibrated.
    probability: f64,
    /// `low`, `medium` or `high`.
    severity: String,
    wh_day_mid: Option<i64>,
    excess_total_wh: Option<i64>,
    /// All detectors that gave evidence, joined by commas.
    detectors: String,
    area: Option<String>,
    transformer: Option<String>,
    follows: Option<String>,
    /// What the last visit found.
    outcome: Option<String>,
    /// Who takes care of it, if somebody does.
    acknowledged: Option<AckOut>,
}

/// A fact of the evidence of a case.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Fact {
    /// `opening` or `strongest`.
    run: String,
    detector: String,
    /// The innocent cause that it speaks for or against; null if it is about the suspicion itself.
    looked_at: Option<String>,
    fact: String,
    value: f64,
    /// The limit beside the number.
    allowed: Option<f64>,
    unit: Option<String>,
    /// The other meter that it is about.
    about: Option<String>,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    until: String,
    weight: f64,
}

/// All facts of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facts {
    facts: Vec<Fact>,
}

/// Something that people may have to hear of began, happened or ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Notice {
    id: String,
    /// The thing that goes on: what is acknowledged.
    episode: String,
    /// `suspicion`, `above-sanctioned` or `outage`.
    kind: String,
    /// `began`, `ended`, `once` or `withdrawn`.
    phase: String,
    severity: String,
    #[schema(format = DateTime)]
    time: String,
    /// `meter`, `transformer` or `feeder`.
    role: String,
    target: String,
    meter: Option<String>,
    transformer: Option<String>,
    feeder: Option<String>,
    area: Option<String>,
    case: Option<String>,
    brief: String,
    /// Who takes care of it, if somebody does.
    acknowledged: Option<AckOut>,
}

/// The row as its page has it.
fn shown<T: DeserializeOwned>(columns: &Columns) -> Result<T, Problem> {
    // Outputs of an older program may lack a column.
    serde_json::from_value(Value::Object(columns.clone())).map_err(|error| Problem::broken(&error))
}

fn page<T: DeserializeOwned>(
    caller: &Caller,
    rows: &Rows,
    paging: &Paging,
    id: impl Fn(&T) -> String,
) -> Result<Page<T>, Problem> {
    let may_know = |row: &&Row| caller.may_know(row.area.as_deref());
    let after = paging.after();
    // Of a row that the token may not know of, it must not learn that it is there.
    if after.is_some_and(|id| rows.get(id).as_ref().is_none_or(|row| !may_know(row))) {
        return Err(Problem::missing("id to go on from: begin anew"));
    }
    let newest = rows.newest(after).into_iter().flatten().filter(may_know);
    let items = newest.take(paging.limit() + 1).map(|row| shown(&row.columns)).collect::<Result<_, _>>()?;
    Ok(Page::of(items, paging.limit(), id))
}

/// Alerts.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "found", params(Paging),
    responses((status = 200, body = Page<Alert>), Refused))]
pub(super) async fn alerts(
    State(api): Shared,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<Alert>>, Problem> {
    let mut page: Page<Alert> =
        page(&caller, &api.post().board().alerts, &paging, |alert: &Alert| alert.id.clone())?;
    api.acknowledged(page.items_mut(), |alert| (alert.case.clone(), &mut alert.acknowledged))?;
    Ok(Json(page))
}

/// An alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "found", params(("id" = String, Path)),
    responses((status = 200, body = Alert), Refused))]
pub(super) async fn alert(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<Alert>, Problem> {
    let mut alert: Alert = {
        let board = api.post().board();
        let row = board.alerts.get(&id).filter(|row| caller.may_know(row.area.as_deref()));
        shown(&row.ok_or_else(|| Problem::missing("alert"))?.columns)?
    };
    api.acknowledged(std::slice::from_mut(&mut alert), |one| (one.case.clone(), &mut one.acknowledged))?;
    Ok(Json(alert))
}

/// Cases.
#[utoipa::path(get, path = "/api/v1/cases", tag = "found", params(Paging),
    responses((status = 200, body = Page<Case>), Refused))]
pub(super) async fn cases(
    State(api): Shared,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<Case>>, Problem> {
    let mut page: Page<Case> =
        page(&caller, &api.post().board().cases, &paging, |case: &Case| case.id.clone())?;
    api.acknowledged(page.items_mut(), |case| (Some(case.id.clone()), &mut case.acknowledged))?;
    api.visited(page.items_mut())?;
    Ok(Json(page))
}

/// A case.
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "found", params(("id" = String, Path)),
    responses((status = 200, body = Case), Refused))]
pub(super) async fn case(State(api): Shared, caller: Caller, Name(id): Name) -> Result<Json<Case>, Problem> {
    let mut case: Case = api.with_case(&caller, &id, |row| shown(&row.columns))?;
    case.acknowledged = api.people(|people| people.ack(&id))?.map(AckOut::from);
    api.visited(std::slice::from_mut(&mut case))?;
    Ok(Json(case))
}

/// The evidence of a case.
#[utoipa::path(get, path = "/api/v1/cases/{id}/evidence", tag = "found", params(("id" = String, Path)),
    responses((status = 200, body = Facts), Refused))]
pub(super) async fn evidence(
    State(api): Shared,
    caller: Caller,
    Name(id): Name,
) -> Result<Json<Facts>, Problem> {
    api.with_case(&caller, &id, |_| Ok(()))?;
    let board = api.post().board();
    let facts = board.facts(&id).into_iter().map(shown).collect::<Result<_, _>>()?;
    Ok(Json(Facts { facts }))
}

/// What people may have to hear of: cases, outages, loads above what was agreed.
#[utoipa::path(get, path = "/api/v1/notices", tag = "found", params(Paging),
    responses((status = 200, body = Page<Notice>), Refused))]
pub(super) async fn notices(
    State(api): Shared,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<Notice>>, Problem> {
    let mut page: Page<Notice> =
        page(&caller, &api.post().board().notices, &paging, |notice: &Notice| notice.id.clone())?;
    api.acknowledged(page.items_mut(), |one| (Some(one.episode.clone()), &mut one.acknowledged))?;
    Ok(Json(page))
}

impl Api {
    pub(super) fn with_case<T>(
        &self,
        caller: &Caller,
        id: &str,
        read: impl FnOnce(&Row) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let board = self.post().board();
        let row = board.cases.get(id).filter(|row| caller.may_know(row.area.as_deref()));
        read(row.ok_or_else(|| Problem::missing("case"))?)
    }

    /// Says of each case what its last visit found.
    fn visited(&self, cases: &mut [Case]) -> Result<(), Problem> {
        self.people(|people| {
            for case in cases {
                if let Some(last) = people.results(&case.id)?.pop() {
                    case.outcome = Some(last.outcome);
                }
            }
            Ok(())
        })
    }

    /// Says of each item who takes care of it.
    fn acknowledged<T>(
        &self,
        items: &mut [T],
        of: impl Fn(&mut T) -> (Option<String>, &mut Option<AckOut>),
    ) -> Result<(), Problem> {
        self.people(|people| {
            for item in items {
                let (episode, acknowledged) = of(item);
                if let Some(episode) = episode {
                    *acknowledged = people.ack(&episode)?.map(AckOut::from);
                }
            }
            Ok(())
        })
    }
}
