use super::*;
use expect_test::{Expect, expect};

const PLAN: &str = include_str!("../../../../../pipelines/ami.toml");

fn page(text: &str, environment: &[(&str, &str)]) -> String {
    match KafkaPlan::if_any(text, "ami.toml".as_ref(), None, &Environment::of(environment.iter().copied())) {
        Ok(plan) => {
            let plan = plan.unwrap();
            let connection = plan.connection();
            format!("accepted\n{:?}\n{:?}\n", plan.client, connection.settings())
        }
        Err(failure) => {
            assert_eq!(failure.code, 2);
            failure.to_string()
        }
    }
}

/// Replaces a piece of the plan and compares the message that a user would see.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(PLAN.contains(from), "the plan holds {from:?}");
    expected.assert_eq(&page(&PLAN.replacen(from, to, 1), &[]));
}

/// A line of `[kafka.client]`.
fn check_client(line: &str, expected: Expect) {
    expected.assert_eq(&page(&PLAN.replacen("[kafka.client]", &format!("[kafka.client]\n{line} #"), 1), &[]));
}

fn check_environment(variables: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&page(PLAN, variables));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    check(
        "idle_after",
        "idel_after",
        expect![[r#"
            error[plan::key]: unknown field `idel_after`, expected one of `brokers`, `group`, `readings`, `format`, `idle_after`, `topology`, `intervals`, `profiles`, `demand`, `balances`, `losses`, `index_proposals`, `health`, `forecasts`, `outages`, `supply`, `suspicions`, `cases`, `evidence`, `alerts`, `notices`, `sms`, `email`, `webhook`, `topic`, `file`, `findings`, `dead_letters`, `client`
              --> ami.toml:122:1
               | idel_after = "10 s"               # if a partition has been at the end of its log for this time, the others go on without it
              help: pipelines/ami.toml explains every key of these sections
        "#]],
    );
    check(
        "exchange =",
        "exchanged =",
        expect![[r#"
            error[plan::key]: unknown field `exchanged`, expected `exchange`
              --> ami.toml:150:1
               | exchanged = "memory"               # "kafka": instances share the work; no forecast, demand or supply of the whole town
              help: pipelines/ami.toml explains every key of these sections
        "#]],
    );
}

#[test]
fn a_missing_key_is_an_error() {
    check(
        "group = ",
        "# group = ",
        expect![[r#"
            error[plan::missing]: missing field `group`
              --> ami.toml:117:1
               | [kafka]                           # where readings come from and results go; `gridwarden run` reads these sections
              help: a plan says what runs: nothing is assumed for this key
        "#]],
    );
    check(
        "[checkpoints]\nevery = \"10 s\"",
        "[output.checkpoints]\n#",
        expect![[r#"
            error[plan::missing]: a plan with `[kafka]` needs a section `[checkpoints]`
              --> ami.toml
              help: add `[checkpoints]` with `every` and `full_after` as in pipelines/ami.toml
        "#]],
    );
    check(
        "[checkpoints]",
        "[grids]",
        expect![[r#"
        error[plan::missing]: a plan with `[kafka]` needs a section `[checkpoints]`
          --> ami.toml
          help: add `[checkpoints]` with `every` and `full_after` as in pipelines/ami.toml
    "#]],
    );
}

#[test]
fn lengths_of_time_have_units_and_bounds() {
    check(
        "idle_after = \"10 s\"",
        "idle_after = \"10\"",
        expect![[r#"
            error[plan::unit]: `idle_after` must be a length of time in ms, s, m, min, h, d, found no unit
              --> ami.toml:122:14
               | idle_after = "10"               # if a partition has been at the end of its log for this time, the others go on without it
              help: try `idle_after = "20 min"`
        "#]],
    );
    check(
        "every = \"10 s\"",
        "every = \"2 h\"",
        expect![[r#"
            error[plan::window]: `every` must be from 100 ms to 1 h, found 2 h
              --> ami.toml:153:9
               | every = "2 h"                    # the time between two checkpoints of the state
              help: try `every = "1 h"`
        "#]],
    );
    check(
        "full_after = 16",
        "full_after = 0",
        expect![[r#"
            error[plan::range]: `full_after` must be at least 1, found 0
              --> ami.toml:154:14
               | full_after = 0                   # after this many checkpoints of changes comes a full one
              help: try `full_after = 1`
        "#]],
    );
}

#[test]
fn a_value_outside_the_choices_is_an_error() {
    check(
        "format = \"json\"",
        "format = \"avro\"",
        expect![[r#"
            error[plan::choice]: `format` must be "json", "arrow" or "frame", found "avro"
              --> ami.toml:121:10
               | format = "avro"                   # "json", "arrow" or "frame", for messages without a header `format`
              help: try `format = "json"`
        "#]],
    );
    check(
        "intervals = \"json\"",
        "intervals = \"frame\"",
        expect![[r#"
            error[plan::choice]: `intervals` must be "json" or "arrow", found "frame"
              --> ami.toml:146:13
               | intervals = "frame"                # or "arrow"
              help: try `intervals = "json"`
        "#]],
    );
    check(
        "exchange = \"memory\"",
        "exchange = \"disk\"",
        expect![[r#"
            error[plan::choice]: `exchange` must be "memory" or "kafka", found "disk"
              --> ami.toml:150:12
               | exchange = "disk"               # "kafka": instances share the work; no forecast, demand or supply of the whole town
              help: try `exchange = "memory"`
        "#]],
    );
    check(
        "transactional = false",
        "transactional = \"no\"",
        expect![[r#"
            error[plan::syntax]: invalid type: string "no", expected a boolean
              --> ami.toml:147:17
               | transactional = "no"             # true: results and positions are committed together
              help: pipelines/demo.toml and ami.toml have each key as it is written, quantities in quotes with their units
        "#]],
    );
}

#[test]
fn an_exchange_needs_one_message_for_each_interval() {
    let refused = |from: &str, to: &str, expected: Expect| {
        let plan = PLAN.replacen("exchange = \"memory\"", "exchange = \"kafka\"", 1);
        assert!(plan.contains(from), "the plan holds {from:?}");
        expected.assert_eq(&page(&plan.replacen(from, to, 1), &[]));
    };
    refused(
        "intervals = \"json\"",
        "intervals = \"arrow\"",
        expect![[r#"
            error[plan::exchange]: `exchange = "kafka"` needs one message for each interval, but an Arrow message holds many
              --> ami.toml:150:12
               | exchange = "kafka"               # "kafka": instances share the work; no forecast, demand or supply of the whole town
              help: set `intervals = "json"` in `[output]`
        "#]],
    );
    refused(
        "intervals = \"intervals\"",
        "",
        expect![[r#"
            error[plan::exchange]: `exchange = "kafka"` goes through the topic of intervals, and there is none
              --> ami.toml:150:12
               | exchange = "kafka"               # "kafka": instances share the work; no forecast, demand or supply of the whole town
              help: name it: `intervals = "intervals"` in `[kafka]`
        "#]],
    );
}

#[test]
fn topics_have_names_that_kafka_allows_and_one_use_each() {
    check(
        "balances = \"balances\"",
        "balances = \"the balances\"",
        expect![[r#"
            error[plan::topic]: `balances` must be the name of a topic: Kafka allows only A-Z a-z 0-9 . _ -, found "the balances"
              --> ami.toml:127:12
               | balances = "the balances"
              help: try `balances = "balances"`
        "#]],
    );
    check(
        "alerts = \"alerts\"",
        "alerts = \"readings\"",
        expect![[r#"
            error[plan::topic]: `readings` and `alerts` are one topic, "readings"
              --> ami.toml:137:10
               | alerts = "readings"
              help: give each a topic of its own
        "#]],
    );
    check(
        "group = \"gridwarden\"",
        "group = \" \"",
        expect![[r#"
            error[plan::range]: `group` must not be empty
              --> ami.toml:119:9
               | group = " "              # the instances of a group share the partitions
              help: try `group = "gridwarden"`
        "#]],
    );
}

#[test]
fn connections_have_the_settings_of_librdkafka() {
    check_client(
        "linger.ms = 20\n\"socket.keepalive.enable\" = true",
        expect![[r#"
        accepted
        {"client.id": "gridwarden", "linger.ms": "20", "socket.keepalive.enable": "true"}
        {"bootstrap.servers": "127.0.0.1:9092", "client.id": "gridwarden", "queue.buffering.max.ms": "20", "socket.keepalive.enable": "true"}
    "#]],
    );
    check_client(
        "lingers.ms = 20",
        expect![[r#"
            error[plan::client]: librdkafka has no setting `lingers.ms`
              --> ami.toml:143:9
               | lingers.ms = 20 #                    # any setting of librdkafka that the engine does not set itself
              help: CONFIGURATION.md of librdkafka lists all settings; for example `sasl.username` is GRIDWARDEN_KAFKA_SASL_USERNAME in the environment
        "#]],
    );
    check_client(
        "linger.ms = -20",
        expect![[r#"
            error[plan::client]: `linger.ms` cannot be used: Configuration property "queue.buffering.max.ms" value -20 is outside allowed range 0..900000
              --> ami.toml:143:8
               | linger.ms = -20 #                    # any setting of librdkafka that the engine does not set itself
              help: CONFIGURATION.md of librdkafka lists its values
        "#]],
    );
    check_client(
        "linger.ms = 1.5",
        expect![[r#"
            error[plan::syntax]: invalid type: floating point `1.5`, expected text, a whole number, true or false
              --> ami.toml:143:13
               | linger.ms = 1.5 #                    # any setting of librdkafka that the engine does not set itself
              help: pipelines/demo.toml and ami.toml have each key as it is written, quantities in quotes with their units
        "#]],
    );
    check_client(
        "linger.ms = 20\nqueue.buffering.max.ms = 20",
        expect![[r#"
            error[plan::client]: `linger.ms` and `queue.buffering.max.ms` are the same setting
              --> ami.toml:144:21
               | queue.buffering.max.ms = 20 #                    # any setting of librdkafka that the engine does not set itself
              help: remove one of them
        "#]],
    );
    check_client(
        "security.protocol = \"tls\"",
        expect![[r#"
            error[plan::client]: `security.protocol` cannot be used: Invalid value "tls" for configuration property "security.protocol"
              --> ami.toml:143:10
               | security.protocol = "tls" #                    # any setting of librdkafka that the engine does not set itself
              help: CONFIGURATION.md of librdkafka lists its values
        "#]],
    );
}

#[test]
fn settings_of_the_engine_itself_are_refused() {
    check_client(
        "group.id = \"mine\"",
        expect![[r#"
            error[plan::client]: `group.id` cannot be set here: `group` names the group
              --> ami.toml:143:7
               | group.id = "mine" #                    # any setting of librdkafka that the engine does not set itself
              help: remove it
        "#]],
    );
    check_client(
        "enable.auto.commit = true",
        expect![[r#"
            error[plan::client]: `enable.auto.commit` cannot be set here: checkpoints hold the positions together with the state that belongs to them
              --> ami.toml:143:13
               | enable.auto.commit = true #                    # any setting of librdkafka that the engine does not set itself
              help: remove it
        "#]],
    );
    check_client(
        "auto.offset.reset = \"latest\"",
        expect![[r#"
            error[plan::client]: `auto.offset.reset` cannot be set here: a run continues at its checkpoint, and without one it starts at the beginning
              --> ami.toml:143:13
               | auto.offset.reset = "latest" #                    # any setting of librdkafka that the engine does not set itself
              help: remove it
        "#]],
    );
    check_client(
        "acks = 1",
        expect![[r#"
            error[plan::client]: `acks` cannot be set here: the producer is idempotent, so that no message is lost or written twice
              --> ami.toml:143:1
               | acks = 1 #                    # any setting of librdkafka that the engine does not set itself
              help: remove it
        "#]],
    );
    check_client(
        "metadata.broker.list = \"kafka:9092\"",
        expect![[r#"
            error[plan::client]: `metadata.broker.list` cannot be set here: `brokers` names the brokers
              --> ami.toml:143:17
               | metadata.broker.list = "kafka:9092" #                    # any setting of librdkafka that the engine does not set itself
              help: remove it
        "#]],
    );
}

#[test]
fn a_secret_in_a_plan_is_refused_and_not_shown() {
    check_client(
        "sasl.password = \"hunter2\"",
        expect![[r#"
            error[plan::secret]: `sasl.password` is a secret and must not be written in a plan
              --> ami.toml:143:6
               | (not shown: it may hold a secret)
              help: set GRIDWARDEN_KAFKA_SASL_PASSWORD in the environment, or GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE to the path of a file that holds it
        "#]],
    );
    check_client(
        "sasl = { username = \"meters\", password = \"hunter2\" }",
        expect![[r#"
            error[plan::secret]: `sasl.password` is a secret and must not be written in a plan
              --> ami.toml:143:31
               | (not shown: it may hold a secret)
              help: set GRIDWARDEN_KAFKA_SASL_PASSWORD in the environment, or GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE to the path of a file that holds it
        "#]],
    );
    check_client(
        "sasl.password = 12.5",
        expect![[r#"
            error[plan::syntax]: invalid type: floating point `12.5`, expected text, a whole number, true or false
              --> ami.toml:143:17
               | (not shown: it may hold a secret)
              help: pipelines/demo.toml and ami.toml have each key as it is written, quantities in quotes with their units
        "#]],
    );
    check_client(
        "sasl.pasword = \"hunter2\"",
        expect![[r#"
            error[plan::client]: librdkafka has no setting `sasl.pasword`
              --> ami.toml:143:6
               | (not shown: it may hold a secret)
              help: CONFIGURATION.md of librdkafka lists all settings; for example `sasl.username` is GRIDWARDEN_KAFKA_SASL_USERNAME in the environment
        "#]],
    );
    check_client(
        "sasl.password = hunter2",
        expect![[r#"
            error[plan::syntax]: string values must be quoted, expected literal string
              --> ami.toml:143:17
               | (not shown: it may hold a secret)
        "#]],
    );
}

#[test]
fn sasl_needs_a_mechanism_that_is_built_in() {
    check_client(
        "security.protocol = \"sasl_plaintext\"",
        expect![[r#"
            error[plan::client]: `security.protocol = "sasl_plaintext"` needs a `sasl.mechanism`
              --> ami.toml:143:10
               | security.protocol = "sasl_plaintext" #                    # any setting of librdkafka that the engine does not set itself
              help: use one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER
        "#]],
    );
    check_client(
        "sasl.mechanism = \"GSSAPI\"",
        expect![[r#"
            error[plan::client]: `sasl.mechanism` must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, found "GSSAPI"
              --> ami.toml:143:6
               | sasl.mechanism = "GSSAPI" #                    # any setting of librdkafka that the engine does not set itself
              help: try `sasl.mechanism = "SCRAM-SHA-512"`
        "#]],
    );
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_build_without_tls_explains_how_to_build_it() {
    check_client(
        "security.protocol = \"SASL_SSL\"",
        expect![[r#"
            error[plan::tls]: `security.protocol = "SASL_SSL"` needs TLS, which this gridwarden was built without
              --> ami.toml:143:10
               | security.protocol = "SASL_SSL" #                    # any setting of librdkafka that the engine does not set itself
              help: build it with `cargo build --release -p gridwarden --features tls`
        "#]],
    );
    check_client(
        "sasl.mechanism = \"SCRAM-SHA-512\"",
        expect![[r#"
            error[plan::tls]: `sasl.mechanism = "SCRAM-SHA-512"` needs TLS, which this gridwarden was built without
              --> ami.toml:143:6
               | sasl.mechanism = "SCRAM-SHA-512" #                    # any setting of librdkafka that the engine does not set itself
              help: build it with `cargo build --release -p gridwarden --features tls`
        "#]],
    );
    check_client(
        "ssl.ca.location = \"ca.pem\"",
        expect![[r#"
            error[plan::tls]: `ssl.ca.location = "ca.pem"` needs TLS, which this gridwarden was built without
              --> ami.toml:143:8
               | ssl.ca.location = "ca.pem" #                    # any setting of librdkafka that the engine does not set itself
              help: build it with `cargo build --release -p gridwarden --features tls`
        "#]],
    );
    check_environment(
        &[("GRIDWARDEN_KAFKA_SSL_KEY_PASSWORD", "hunter2")],
        expect![[r#"
            error: GRIDWARDEN_KAFKA_SSL_KEY_PASSWORD: `ssl.key.password` needs TLS, which this gridwarden was built without
              help: build it with `cargo build --release -p gridwarden --features tls`
        "#]],
    );
}

#[test]
fn the_environment_wins_over_the_plan_and_secrets_stay_hidden() {
    check_environment(
        &[
            ("GRIDWARDEN_KAFKA_BROKERS", "kafka:9092"),
            ("GRIDWARDEN_KAFKA_CLIENT_ID", "edge"),
            ("GRIDWARDEN_KAFKA_SECURITY_PROTOCOL", "sasl_plaintext"),
            ("GRIDWARDEN_KAFKA_SASL_MECHANISM", "PLAIN"),
            ("GRIDWARDEN_KAFKA_SASL_USERNAME", "meters"),
            ("GRIDWARDEN_KAFKA_SASL_PASSWORD", "hunter2"),
        ],
        expect![[r#"
            accepted
            {"client.id": "edge  from GRIDWARDEN_KAFKA_CLIENT_ID", "sasl.mechanism": "PLAIN  from GRIDWARDEN_KAFKA_SASL_MECHANISM", "sasl.password": "***  from GRIDWARDEN_KAFKA_SASL_PASSWORD", "sasl.username": "meters  from GRIDWARDEN_KAFKA_SASL_USERNAME", "security.protocol": "sasl_plaintext  from GRIDWARDEN_KAFKA_SECURITY_PROTOCOL"}
            {"bootstrap.servers": "kafka:9092", "client.id": "edge", "sasl.mechanisms": "PLAIN", "sasl.password": "[sanitized for safety]", "sasl.username": "meters", "security.protocol": "sasl_plaintext"}
        "#]],
    );
}

#[test]
fn a_variable_that_names_no_setting_is_an_error() {
    check_environment(
        &[("GRIDWARDEN_KAFKA_SASL_PASWORD", "hunter2")],
        expect![[r#"
            error: GRIDWARDEN_KAFKA_SASL_PASWORD: librdkafka has no setting `sasl.pasword`
              help: CONFIGURATION.md of librdkafka lists all settings; for example `sasl.username` is GRIDWARDEN_KAFKA_SASL_USERNAME in the environment
        "#]],
    );
    check_environment(
        &[("GRIDWARDEN_KAFKA_GROUP_ID", "mine")],
        expect![[r#"
            error: GRIDWARDEN_KAFKA_GROUP_ID: `group.id` cannot be set here: `group` names the group
              help: remove it
        "#]],
    );
    check_environment(
        &[("GRIDWARDEN_KAFKA_LINGER_MS", "soon")],
        expect![[r#"
            error: GRIDWARDEN_KAFKA_LINGER_MS: `linger.ms` cannot be used: Invalid value for configuration property "queue.buffering.max.ms"
              help: CONFIGURATION.md of librdkafka lists its values
        "#]],
    );
}

#[test]
fn a_file_holds_a_secret_without_its_last_line_break() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    std::fs::write(&path, "hunter2\n").unwrap();
    let path = path.to_str().unwrap();
    let read = |variables: &[(&str, &str)]| {
        KafkaPlan::if_any(PLAN, "ami.toml".as_ref(), None, &Environment::of(variables.iter().copied()))
            .map(|plan| plan.unwrap())
    };
    let plan = read(&[("GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE", path)]).unwrap();
    assert_eq!(plan.connection().get("sasl.password"), Some("hunter2"));
    let missing = read(&[("GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE", "no/such/file")]).unwrap_err();
    assert_eq!(missing.code, 2);
    expect![[r#"
        error: cannot read no/such/file, which GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE names
          cause: No such file or directory (os error 2)
          help: give the path of a file that holds only the value
    "#]]
    .assert_eq(&missing.to_string());
    let twice =
        read(&[("GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE", path), ("GRIDWARDEN_KAFKA_SASL_PASSWORD", "other")]);
    expect![[r#"
        error: GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE: `sasl.password` is set twice
          help: remove one of them
    "#]]
    .assert_eq(&twice.unwrap_err().to_string());
}

#[test]
fn a_plan_to_run_is_about_kafka_and_names_a_broker() {
    let read = |text: &str| {
        let plan = KafkaPlan::to_run(text, "plan.toml".as_ref(), None, &Environment::default());
        plan.map_err(|failure| failure.to_string())
    };
    expect![[r#"
        error: the plan plan.toml has no section `[kafka]`, so it cannot be run
          help: add one as in pipelines/ami.toml, or use `gridwarden replay`, which runs any plan over files
    "#]]
    .assert_eq(&read(include_str!("../../../../../pipelines/demo.toml")).unwrap_err());
    expect![[r#"
        error: no broker is named
          help: give `--brokers HOST:PORT`, or GRIDWARDEN_KAFKA_BROKERS in the environment, or `brokers` in `[kafka]`
    "#]].assert_eq(&read(&PLAN.replace("brokers =", "# brokers =")).unwrap_err());
    assert_eq!(read(PLAN).unwrap().outputs.dead_letters.as_deref(), Some("dead-letters"));
    let sasl = "[kafka.client]\nsecurity.protocol = \"sasl_plaintext\"\nsasl.mechanism = \"PLAIN\"";
    expect![[r#"
        error: the connection uses SASL, and there is no `sasl.username`
          help: set GRIDWARDEN_KAFKA_SASL_USERNAME and GRIDWARDEN_KAFKA_SASL_PASSWORD, or GRIDWARDEN_KAFKA_SASL_PASSWORD_FILE, in the environment
    "#]].assert_eq(&read(&PLAN.replace("[kafka.client]", sasl)).unwrap_err());
}

#[test]
fn brokers_of_the_command_line_win_over_the_environment_and_this_over_the_plan() {
    let brokers = |given: Option<&str>, variables: &[(&str, &str)]| {
        let plan =
            KafkaPlan::if_any(PLAN, "ami.toml".as_ref(), given, &Environment::of(variables.iter().copied()));
        plan.unwrap().unwrap().connection().get("bootstrap.servers").unwrap().to_owned()
    };
    let variable = [("GRIDWARDEN_KAFKA_BROKERS", "b:2")];
    assert_eq!(brokers(Some("a:1"), &variable), "a:1");
    assert_eq!(brokers(None, &variable), "b:2");
    assert_eq!(brokers(None, &[]), "127.0.0.1:9092");
}

#[test]
fn every_plan_that_comes_with_the_project_is_accepted() {
    for text in [
        PLAN,
        include_str!("../../../../../pipelines/demo.toml"),
        include_str!("../../../../../pipelines/backfill.toml"),
        include_str!("../../../../../pipelines/j1.toml"),
    ] {
        KafkaPlan::if_any(text, "plan.toml".as_ref(), None, &Environment::default()).unwrap();
    }
}
