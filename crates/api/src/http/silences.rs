//! Silences: what people want to hear nothing of for a while.

use super::caller::Caller;
use super::input::{Body, Name, Params};
use super::page::{Page, Paging};
use super::problem::{Problem, Refused, RefusedBody};
use super::{Shared, Visible};
use crate::clock::{now, text};
use crate::office::severity;
use deliver::people::{Role, Silence};
use notify::desk::Kind;
use outbox::Moment;
use reading::{AreaId, FeederId, MeterId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::axum::Json;
use web::axum::extract::State;
use web::axum::http::StatusCode;

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SilenceOut {
    name: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    until: String,
    author: String,
    reason: String,
    kind: Option<String>,
    meter: Option<String>,
    area: Option<String>,
    feeder: Option<String>,
    up_to: Option<String>,
    /// `active` or `over`.
    state: String,
    /// Who ended it before its time.
    ended_by: Option<String>,
}

impl From<Silence> for SilenceOut {
    fn from(one: Silence) -> Self {
        let state = if one.is_over(Moment(now().0)) { "over" } else { "active" };
        Self {
            state: state.to_owned(),
            ended_by: one.ended.map(|(_, by)| by),
            from: text(one.from),
            until: text(one.until),
            name: one.name,
            author: one.author,
            reason: one.reason,
            kind: one.kind,
            meter: one.meter,
            area: one.area,
            feeder: one.feeder,
            up_to: one.up_to,
        }
    }
}

/// A new silence, from now on. It keeps back what meets all of its criteria.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSilence {
    /// How long it lasts.
    #[schema(minimum = 1, maximum = 525600)]
    minutes: u32,
    /// Why, for the others.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// `suspicion`, `above-sanctioned` or `outage`.
    #[schema(pattern = "^(suspicion|above-sanctioned|outage)$")]
    kind: Option<String>,
    #[schema(pattern = "^[A-Za-z0-9._-]{1,32}$")]
    meter: Option<String>,
    #[schema(min_length = 1, max_length = 64)]
    area: Option<String>,
    #[schema(min_length = 1, max_length = 64)]
    feeder: Option<String>,
    /// Only this and less severe.
    #[schema(pattern = "^(info|low|medium|high)$")]
    up_to: Option<String>,
}

impl NewSilence {
    fn check(self, author: &str) -> Result<Silence, Problem> {
        if !(1..=525_600).contains(&self.minutes) {
            return Err(Problem::wrong("`minutes` must be from 1 to 525600, which is a year"));
        }
        if self.reason.trim().is_empty() || self.reason.chars().count() > 500 {
            return Err(Problem::wrong("`reason` has 1 to 500 letters: others have to know why"));
        }
        let wrong = |key: &str, is_good: bool| {
            if is_good { Ok(()) } else { Err(Problem::wrong(format!("`{key}` is none that there can be"))) }
        };
        let is = |text: &Option<String>, good: &dyn Fn(&str) -> bool| text.as_deref().is_none_or(good);
        wrong("kind", is(&self.kind, &|name| Kind::parse(name).is_some()))?;
        wrong("meter", is(&self.meter, &|name| MeterId::new(name).is_some()))?;
        wrong("area", is(&self.area, &|name| AreaId::new(name).is_some()))?;
        wrong("feeder", is(&self.feeder, &|name| FeederId::new(name).is_some()))?;
        wrong("up_to", is(&self.up_to, &|name| severity(name).is_some()))?;
        let from = Moment(now().0);
        Ok(Silence {
            name: String::new(),
            from,
            until: from.plus(i64::from(self.minutes) * 60_000),
            author: author.to_owned(),
            reason: self.reason,
            kind: self.kind,
            meter: self.meter,
            area: self.area,
            feeder: self.feeder,
            up_to: self.up_to,
            ended: None,
        })
    }
}

/// Silences, also those that are over.
#[utoipa::path(get, path = "/api/v1/silences", tag = "people", params(Paging),
    responses((status = 200, body = Page<SilenceOut>), Refused))]
pub(super) async fn list(
    State(api): Shared,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<SilenceOut>>, Problem> {
    let mut all = api.people(|people| people.silences())?;
    all.retain(|silence| caller.may_know(silence.area.as_deref()));
    all.sort_by(|one, other| (other.from, &other.name).cmp(&(one.from, &one.name)));
    let from = match paging.after() {
        None => 0,
        Some(after) => match all.iter().position(|silence| silence.name == after) {
            Some(place) => place + 1,
            None => return Err(Problem::missing("silence to go on from: begin anew")),
        },
    };
    let items = all.into_iter().skip(from).take(paging.limit() + 1).map(SilenceOut::from).collect();
    Ok(Json(Page::of(items, paging.limit(), |silence| silence.name.clone())))
}

/// A silence.
#[utoipa::path(get, path = "/api/v1/silences/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = SilenceOut), Refused))]
pub(super) async fn one(
    State(api): Shared,
    caller: Caller,
    Name(name): Name,
) -> Result<Json<SilenceOut>, Problem> {
    let silence = api.people(|people| people.silence(&name))?;
    let silence = silence.filter(|silence| caller.may_know(silence.area.as_deref()));
    silence.map(|silence| Json(silence.into())).ok_or_else(|| Problem::missing("silence"))
}

/// Keeps messages back for a while.
#[utoipa::path(post, path = "/api/v1/silences", tag = "people", request_body = NewSilence,
    responses((status = 201, body = SilenceOut), Refused, RefusedBody))]
pub(super) async fn add(
    State(api): Shared,
    caller: Caller,
    Body(new): Body<NewSilence>,
) -> Result<(StatusCode, Json<SilenceOut>), Problem> {
    caller.needs(Role::Operator)?;
    let mut silence = new.check(&caller.0.name)?;
    if !caller.may_know(silence.area.as_deref()) {
        return Err(Problem::forbidden("the token is for some areas: name one of them as `area`"));
    }
    let who = caller.who();
    silence.name = api.people(|people| people.add_silence(&silence, &who))?;
    api.changed("silence", &silence.name, Visible(silence.area.clone()));
    Ok((StatusCode::CREATED, Json(silence.into())))
}

/// Ends a silence before its time. What it kept back and still goes on goes out then.
#[utoipa::path(delete, path = "/api/v1/silences/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = SilenceOut),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is over already"),
        Refused))]
pub(super) async fn end(
    State(api): Shared,
    caller: Caller,
    Name(name): Name,
) -> Result<Json<SilenceOut>, Problem> {
    caller.needs(Role::Operator)?;
    let silence = api.people(|people| people.silence(&name))?;
    let silence = silence.filter(|silence| caller.may_know(silence.area.as_deref()));
    let area = silence.ok_or_else(|| Problem::missing("silence"))?.area;
    let who = caller.who();
    if !api.people(|people| people.end_silence(&name, &who))? {
        return Err(Problem::conflict("it is over already"));
    }
    api.changed("silence", &name, Visible(area));
    let silence = api.people(|people| people.silence(&name))?;
    silence.map(|silence| Json(silence.into())).ok_or_else(|| Problem::missing("silence"))
}
