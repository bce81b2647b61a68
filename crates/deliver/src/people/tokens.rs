//! Tokens: who may ask, for what, and about which areas. Only a hash of each is kept.

use super::People;
use super::audit::New;
use crate::StoreError;
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbox::Moment;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;
use std::fmt;

/// Every token begins with it, so that programs that look for lost secrets know it.
const BEGIN: &str = "gwt";

/// What a token may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look at things. Addresses of people are masked.
    Viewer,
    /// Silence, acknowledge, and work on the outbox.
    Operator,
    /// Make tokens, and read who did what.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its public part.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The areas that it may know of; `None` for all.
    pub areas: Option<BTreeSet<String>>,
    /// Since when it is good.
    pub created: Moment,
    /// Since when it is good no more.
    pub revoked: Option<Moment>,
}

impl Token {
    /// How it stands in the log of changes.
    pub fn who(&self) -> String {
        format!("token {} ({})", self.name, self.id)
    }

    /// Whether it may know of something in this area. What has no area is only for those who may know all.
    pub fn may_know(&self, area: Option<&str>) -> bool {
        match (&self.areas, area) {
            (None, _) => true,
            (Some(areas), Some(area)) => areas.contains(area),
            (Some(_), None) => false,
        }
    }
}

/// Why a token cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongToken {
    /// Nobody would know whose it is.
    #[error("a token needs a name of 1 to 64 letters")]
    NoName,
    /// An admin makes tokens for any area.
    #[error("an admin is for all areas")]
    AdminOfAreas,
    /// It would see nothing.
    #[error("a token for areas names at least one, of 1 to 64 bytes each")]
    NoAreas,
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let wrong = |column: &'static str| {
        move |error: String| {
            rusqlite::Error::FromSqlConversionFailure(
                0,
                rusqlite::types::Type::Text,
                format!("{column}: {error}").into(),
            )
        }
    };
    let role: String = row.get("role")?;
    let areas: Option<String> = row.get("areas")?;
    let areas = areas.map(|text| serde_json::from_str::<BTreeSet<String>>(&text)).transpose();
    Ok(Token {
        id: row.get("id")?,
        name: row.get("name")?,
        role: Role::parse(&role).ok_or(role).map_err(wrong("role"))?,
        areas: areas.map_err(|error| wrong("areas")(error.to_string()))?,
        created: Moment(row.get("created")?),
        revoked: row.get::<_, Option<i64>>("revoked")?.map(Moment),
    })
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes
}

/// 256 random bits cannot be guessed, so one round is enough: what makes guessing slow is for passwords.
fn hash(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

impl People {
    /// Makes a token, and returns it with its text, which nothing shows again.
    pub fn add_token(
        &mut self,
        name: &str,
        role: Role,
        areas: Option<BTreeSet<String>>,
        who: &str,
    ) -> Result<Result<(Token, Secret), WrongToken>, StoreError> {
        if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Ok(Err(WrongToken::NoName));
        }
        if role == Role::Admin && areas.is_some() {
            return Ok(Err(WrongToken::AdminOfAreas));
        }
        if areas
            .as_ref()
            .is_some_and(|areas| areas.is_empty() || areas.iter().any(|one| one.is_empty() || one.len() > 64))
        {
            return Ok(Err(WrongToken::NoAreas));
        }
        let id = URL_SAFE_NO_PAD.encode(random::<6>()).replace(['-', '_'], "x");
        let secret = URL_SAFE_NO_PAD.encode(random::<32>());
        let known = areas.as_ref().map(|areas| serde_json::to_string(areas).expect("text can be written"));
        let about = match &areas {
            None => "all areas".to_owned(),
            Some(areas) => areas.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        let line = New { who, what: "token.add", about: &id, detail: &format!("{role} {name}, {about}") };
        let added = self.change(&line, |write, now| {
            let insert = "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)";
            write.execute(insert, params![id, name, hash(&secret), role.name(), known, now.0])?;
            Ok(Some(now))
        })?;
        let created = added.unwrap_or_default();
        let token = Token { id: id.clone(), name: name.to_owned(), role, areas, created, revoked: None };
        Ok(Ok((token, Secret::new(format!("{BEGIN}_{id}_{secret}")))))
    }

    /// All tokens, the oldest first.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(|connection: &Connection| {
            let mut rows = connection.prepare_cached("SELECT * FROM tokens ORDER BY created, id")?;
            rows.query_map([], token)?.collect()
        })
    }

    /// The token with this text, if it is one that is still good.
    pub fn token_of(&self, text: &str) -> Result<Option<Token>, StoreError> {
        let mut pieces = text.splitn(3, '_');
        let (Some(BEGIN), Some(id), Some(secret)) = (pieces.next(), pieces.next(), pieces.next()) else {
            return Ok(None);
        };
        let select = "SELECT * FROM tokens WHERE id = ?1 AND revoked IS NULL";
        let found = self.read(|connection| {
            let mut rows = connection.prepare_cached(select)?;
            rows.query_row([id], |row| Ok((token(row)?, row.get::<_, Vec<u8>>("hash")?))).optional()
        })?;
        // What is compared are hashes: how long it takes shows nothing of the secret.
        Ok(found.filter(|(_, known)| *known == hash(secret)).map(|(token, _)| token))
    }

    /// Whether the token of this id is still good.
    pub fn is_good(&self, id: &str) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM tokens WHERE id = ?1 AND revoked IS NULL)";
        self.read(|connection| connection.query_row(select, [id], |row| row.get(0)))
    }

    /// A token is good no more. False if there is none of this id that is.
    pub fn revoke_token(&mut self, id: &str, who: &str) -> Result<bool, StoreError> {
        let line = New { who, what: "token.revoke", about: id, detail: "" };
        let done = self.change(&line, |write, now| {
            let update = "UPDATE tokens SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
            Ok((write.execute(update, params![id, now.0])? > 0).then_some(()))
        })?;
        Ok(done.is_some())
    }
}
