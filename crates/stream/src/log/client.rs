//! The settings of connections: all settings of librdkafka except those that the engine sets itself. Secrets come
//! from the environment, or from files that it names. They are never shown.

mod environment;
mod names;

pub use environment::{BROKERS, Environment};

use super::group::SESSION;
use names::{Verdict, ask, canonical, is_secret, needs_tls, owned};
use pipeline::PlanError;
use rdkafka::ClientConfig;
use shell::Failure;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

/// The name of a connection, unless a setting gives another.
const CLIENT_ID: &str = "gridwarden";
/// Shown in place of a secret.
const HIDDEN: &str = "***";

/// librdkafka's settings by name. A setting with two names is stored under one of them.
#[derive(Clone, Default)]
pub struct ClientSettings(BTreeMap<String, Setting>);

#[derive(Clone)]
struct Setting {
    /// The name as the user wrote it.
    name: String,
    value: String,
    origin: Origin,
}

/// The settings of a connection in librdkafka's own form.
#[derive(Debug, Clone)]
pub struct Connection(pub(super) ClientConfig);

impl Connection {
    /// The brokers as the user named them.
    pub fn brokers(&self) -> &str {
        self.0.get("bootstrap.servers").unwrap_or_default()
    }

    /// How long the group waits for a silent member.
    pub fn session(&self) -> Duration {
        let given = self.0.get("session.timeout.ms").and_then(|ms| ms.parse().ok());
        given.map_or(SESSION, Duration::from_millis)
    }

    #[cfg(test)]
    pub fn settings(&self) -> BTreeMap<&str, &str> {
        self.0.config_map()
    }

    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }
}

/// Where a setting was written.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In the plan, at these bytes.
    Plan(Range<usize>),
    /// In the environment, in this variable.
    Variable(String),
}

/// A setting that cannot be used, and why.
pub struct Problem {
    code: &'static str,
    problem: String,
    help: String,
    origin: Origin,
}

impl Problem {
    fn unknown(name: &str, origin: Origin) -> Self {
        Self {
            code: "plan::client",
            problem: format!("librdkafka has no setting `{name}`"),
            help: "CONFIGURATION.md of librdkafka lists all settings; for example `sasl.username` is GRIDWARDEN_KAFKA_SASL_USERNAME in the environment".to_owned(),
            origin,
        }
    }

    /// The message to the user; for a setting in a plan it shows the place.
    pub fn in_plan(self, page: impl Fn(PlanError) -> Failure) -> Failure {
        match self.origin {
            Origin::Plan(span) => page(PlanError::new(self.code, span, self.problem, self.help)),
            Origin::Variable(_) => self.outside_of_a_plan(),
        }
    }

    /// The message to the user if there is no plan.
    pub fn outside_of_a_plan(self) -> Failure {
        match &self.origin {
            Origin::Plan(_) => Failure::wrong(self.problem, self.help),
            Origin::Variable(variable) => Failure::wrong(format!("{variable}: {}", self.problem), self.help),
        }
    }
}

impl ClientSettings {
    /// The settings of the environment alone.
    pub fn of(environment: &Environment) -> Result<Self, Failure> {
        let mut settings = Self::default();
        settings.add_environment(environment, Problem::outside_of_a_plan)?;
        Ok(settings)
    }

    /// Adds the settings of the environment, which replace earlier ones, and checks that all settings fit together.
    pub fn add_environment(
        &mut self,
        environment: &Environment,
        page: impl Fn(Problem) -> Failure,
    ) -> Result<(), Failure> {
        let mut found = Self::default();
        for (name, value, origin) in environment.settings()? {
            found.add(name, value, origin).map_err(&page)?;
        }
        self.0.append(&mut found.0);
        self.check_together().map_err(page)
    }

    /// Adds a setting after checking it.
    pub fn add(&mut self, name: String, value: String, origin: Origin) -> Result<(), Problem> {
        let wrong =
            |code, problem, help: String| Err(Problem { code, problem, help, origin: origin.clone() });
        if let Some(reason) = owned(&name) {
            let problem = format!("`{name}` cannot be set here: {reason}");
            return wrong("plan::client", problem, "remove it".to_owned());
        }
        if is_secret(&name) && matches!(origin, Origin::Plan(_)) {
            let variable = format!("GRIDWARDEN_KAFKA_{}", name.to_ascii_uppercase().replace('.', "_"));
            let problem = format!("`{name}` is a secret and must not be written in a plan");
            let help = format!(
                "set {variable} in the environment, or {variable}_FILE to the path of a file that holds it"
            );
            return wrong("plan::secret", problem, help);
        }
        if !cfg!(feature = "tls") && needs_tls(&name, &value) {
            let shown = if is_secret(&name) { String::new() } else { format!(" = \"{value}\"") };
            let problem = format!("`{name}{shown}` needs TLS, which this gridwarden was built without");
            let help = "build it with `cargo build --release -p gridwarden --features tls`".to_owned();
            return wrong("plan::tls", problem, help);
        }
        match ask(&name, &value) {
            Verdict::Good => {}
            Verdict::Unknown => return Err(Problem::unknown(&name, origin)),
            // librdkafka's reason may repeat the secret value, so it is not shown.
            Verdict::Refused(_) if is_secret(&name) => {
                return wrong(
                    "plan::client",
                    format!("librdkafka does not accept this value of `{name}`"),
                    HOW.to_owned(),
                );
            }
            Verdict::Refused(reason) => {
                return wrong("plan::client", format!("`{name}` cannot be used: {reason}"), HOW.to_owned());
            }
        }
        if canonical(&name) == "sasl.mechanisms"
            && !MECHANISMS.iter().any(|known| value.eq_ignore_ascii_case(known))
        {
            let problem = format!("`{name}` must be one of {}, found \"{value}\"", MECHANISMS.join(", "));
            return wrong("plan::client", problem, format!("try `{name} = \"SCRAM-SHA-512\"`"));
        }
        match self.0.entry(canonical(&name).to_owned()) {
            Entry::Occupied(other) => {
                let problem = match &other.get().name {
                    same if *same == name => format!("`{name}` is set twice"),
                    other => format!("`{other}` and `{name}` are the same setting"),
                };
                wrong("plan::client", problem, "remove one of them".to_owned())
            }
            Entry::Vacant(free) => {
                free.insert(Setting { name, value, origin });
                Ok(())
            }
        }
    }

    /// Checks settings that depend on each other.
    fn check_together(&self) -> Result<(), Problem> {
        match self.0.get("security.protocol") {
            Some(protocol) if self.is_sasl() && !self.0.contains_key("sasl.mechanisms") => Err(Problem {
                code: "plan::client",
                problem: format!("`security.protocol = \"{}\"` needs a `sasl.mechanism`", protocol.value),
                help: format!("use one of {}", MECHANISMS.join(", ")),
                origin: protocol.origin.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks that files exist, and that a user and a password are set if the connection needs them. Only a run calls
    /// this: `gridwarden check` works on machines without the secrets.
    pub fn check_at_hand(&self) -> Result<(), Failure> {
        let files = self.0.values().filter(|setting| setting.name.ends_with(".location"));
        // With the value `probe`, librdkafka searches the usual places itself.
        if let Some(Setting { name, value, .. }) =
            files.into_iter().find(|file| file.value != "probe" && !Path::new(&file.value).exists())
        {
            return Err(Failure::wrong(
                format!("`{name}` names {value}, which does not exist"),
                "give the path of a file in PEM format; a relative path starts at the folder in which gridwarden runs",
            ));
        }
        let by_password =
            self.0.get("sasl.mechanisms").is_some_and(|set| !set.value.eq_ignore_ascii_case("OAUTHBEARER"));
        let missing = ["sasl.username", "sasl.password"].into_iter().find(|name| !self.0.contains_key(*name));
        match missing.filter(|_| self.is_sasl() && by_password) {
            Some(name) => Err(Failure::wrong(
                format!("the connection uses SASL, and there is no `{name}`"),
                "set GRIDWARDEN_KAFKA_SASL_USERNAME and GRIDWARDEN_KAFKA_SASL_PASSWORD, or GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE, in the environment",
            )),
            None => Ok(()),
        }
    }

    fn is_sasl(&self) -> bool {
        let protocol =
            self.0.get("security.protocol").map(|protocol| protocol.value.trim().to_ascii_lowercase());
        protocol.is_some_and(|protocol| protocol.starts_with("sasl_"))
    }

    /// The settings that all connections share. Each consumer or producer adds its own.
    pub fn connection(&self, brokers: &str) -> Connection {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("client.id", CLIENT_ID);
        for (name, setting) in &self.0 {
            config.set(name, &setting.value);
        }
        Connection(config)
    }

    /// All settings with secrets hidden, and where each comes from.
    pub fn shown(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.values().map(|setting| {
            let value = if is_secret(&setting.name) { HIDDEN } else { &setting.value };
            let from = match &setting.origin {
                Origin::Plan(_) => String::new(),
                Origin::Variable(variable) => format!("  from {variable}"),
            };
            (setting.name.as_str(), format!("{value}{from}"))
        })
    }
}

const HOW: &str = "CONFIGURATION.md of librdkafka lists its values";

/// The mechanisms of librdkafka. Kerberos is missing, because it needs a library of the system.
const MECHANISMS: [&str; 4] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

/// Sets a default, unless the user has set this setting under either of its names.
pub fn set_unless_given(config: &mut ClientConfig, name: &str, value: &str) {
    if config.get(canonical(name)).is_none() && config.get(name).is_none() {
        config.set(canonical(name), value);
    }
}
