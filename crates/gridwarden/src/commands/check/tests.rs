use super::*;
use columns::outputs::ALL;
use expect_test::{Expect, expect};

fn page(plan: &str, environment: &Environment) -> String {
    let kafka = KafkaPlan::if_any(plan, "plan.toml".as_ref(), None, environment).unwrap();
    let (read, text) = (Plan::read(plan).unwrap(), plan);
    let answers = deliver::plan::answers(text).unwrap();
    page_of(&read, kafka.as_ref(), &gateways(&read, text).unwrap(), answers).text()
}

/// The page without what closed lists add to it, so that another detector, channel or output changes no picture of all.
fn without_lists(page: &str) -> String {
    let is_of_a_list = |section: &&str| {
        let name = section.split(']').next().unwrap_or_default();
        name.starts_with("detectors.") || Channel::ALL.iter().any(|channel| channel.name() == name)
    };
    let sections = page.split("\n[").filter(|section| !is_of_a_list(section));
    let is_topic = |line: &&str| {
        let key = line.strip_prefix("  ").and_then(|line| line.split(' ').next());
        ALL.iter().any(|(topic, _)| key == Some(*topic)) && !line.ends_with(" json")
    };
    let shown = sections
        .map(|section| section.split_inclusive('\n').filter(|line| !is_topic(&line.trim_end())).collect());
    shown.collect::<Vec<String>>().join("\n[")
}

/// A section of the page.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let at = page.find(&format!("[{name}]")).unwrap_or_else(|| panic!("no [{name}]"));
    page[at..].split("\n\n").next().unwrap_or_default()
}

fn check(plan: &str, answer: &Expect) {
    answer.assert_eq(&without_lists(&page(plan, &Environment::default())));
}

#[test]
fn every_setting_is_shown_under_its_key_in_the_plan() {
    check(
        include_str!("../../../../../pipelines/demo.toml"),
        &expect![[r#"
            plan demo
              time_zone       Asia/Kolkata
              holidays        2024-01-26
              balance         true: of every transformer

            [intervals]
              length          15 min
              grace           15 min
              clock_ahead     15 min
              most_waiting    20000
              longest_gap     35 d
              snap            90 s
              final_after     4 d: 13 kB a transformer for balances that may change, 13 kB a group for sums that wait
              energy          both: registers where a meter sends them, else power
              cross_check     share 50 %, floor 200 Wh
              pf_true         true: a column of intervals
              unbalance       true: a column of intervals
              memory          1021 bytes a single-phase meter, 2 intervals open at once

            [limits]
              voltage         600 V
              current         2000 A
              power           10 MW

            [registers]
              rollovers       100 MWh, 1000 MWh
              reset_power     200 kW
              most_power      100 kW

            [profiles]
              slot            2 h: 12 a day
              half_life       40 days of a type

            [demand]
              block           30 min
              billing_day     1
              low_power_factor 0.85
              zones           evening 18:00-22:00

            [power_factor]
              step            0.01: 100 classes

            [groups]
              reporting       95 %: demand of each transformer, each feeder, and all

            [sanctioned]
              above           110 %

            [estimation]
              linear_up_to    2 h: longer silences by the load profile

            [quality]
              zero_run        72 h
              flat            run 24 h, spread 0.5 %, floor 1 Wh
              spike           times 3, floor 2 kW
              day             low 5 %, high 400 %, floor 1 kWh
              reverse         10 Wh
              power_factor    least 20 %, most 120 %, floor 2 A
              town            sanctioned 150 %, inactive 100 Wh, group_sum 15 %, multiplier_days 3
              counted         negative-register, negative-current, voltage-implausible, current-implausible, power-implausible, not-a-number, repeat, late, clock-ahead, gap, gap-too-long, rollover, reset, register-fell, register-jumped, swap, disagrees, zero-run, flat, spike, high, low, reverse, unit, power-factor, sanctioned, inactive, group-sum, multiplier, phase-sequence, event-log

            [supply]
              silent_after    2 h
              momentary       5 min
              transformer_share 60 %
              feeder_share    60 %
              low_voltage     207 V
              high_voltage    253 V
              unbalance       5 %

            [index] none

            [health]
              rows            meters, transformers, concentrators; each a local day
              final           4 d after the day

            [forecast]
              quantiles       0.1, 0.5, 0.9
              transformers    true: each, and the town

            [cases]
              cool_down       72 h
              follow_within   14 d
              most_open       4
              settle          4 d

            [[route]] none

            [[gateway]] none

            [answers] none

            [kafka] none

            [output]
              compression     zstd: of Parquet files
        "#]],
    );
}

#[test]
fn a_detector_and_a_channel_have_sections_with_the_keys_that_they_declare() {
    let page = page(include_str!("../../../../../pipelines/demo.toml"), &Environment::default());
    let sections = ["detectors.phase-neutral", "sms"].map(|name| section(&page, name));
    expect![[r#"
        [detectors.phase-neutral]
          share           6.25 %
          floor           0.5 A
          low_load        2 A
          low_load_share  25 %
          blocks          5

        [sms]
          per_hour        4
          per_day         12
          again_after     7 d"#]]
    .assert_eq(&sections.join("\n\n"));
}

#[test]
fn channels_and_outputs_that_a_plan_does_without_are_shown_too() {
    let ami = page(include_str!("../../../../../pipelines/ami.toml"), &Environment::default());
    let j1 = page(include_str!("../../../../../pipelines/j1.toml"), &Environment::default());
    assert!(j1.contains("\n[sms] none\n"), "{j1}");
    let has = |page: &str, line: String| section(page, "kafka").lines().any(|one| one == line);
    for (key, _) in ALL.iter().filter(|(key, _)| *key != "intervals") {
        assert!(has(&j1, format!("  {key:<15} none: not written")), "{key}");
    }
    for (key, topic) in [("intervals", "intervals"), ("alerts", "alerts"), ("dead_letters", "dead-letters")] {
        assert!(has(&ami, format!("  {key:<15} {topic}")), "{key}");
    }
}

#[test]
fn missing_sections_are_shown_as_none() {
    check(
        include_str!("../../../../../pipelines/j1.toml"),
        &expect![[r#"
            plan j1
              time_zone       UTC
              holidays        none
              balance         false

            [intervals]
              length          1 h
              grace           20 min
              clock_ahead     20 min
              most_waiting    20000
              longest_gap     7 d
              snap            none
              final_after     at once
              energy          both: registers where a meter sends them, else power
              candidate       share 10 %, floor 0.5 A
              pf_true         false
              unbalance       false
              memory          251 bytes a single-phase meter, 2 intervals open at once

            [limits]
              voltage         600 V
              current         2000 A
              power           10 MW

            [registers]
              rollovers       none
              reset_power     200 kW
              most_power      10 MW

            [profiles] none

            [demand] none

            [power_factor] none

            [groups] none

            [sanctioned] none

            [estimation] none

            [quality] none
              counted         negative-register, negative-current, voltage-implausible, current-implausible, power-implausible, not-a-number, repeat, late, clock-ahead, gap, gap-too-long, rollover, reset, register-fell, register-jumped, swap, disagrees

            [supply] none

            [index] none

            [health] none

            [forecast] none

            [detectors] none

            [cases] none

            [[route]] none

            [[gateway]] none

            [answers] none

            [kafka]
              brokers         127.0.0.1:9092
              group           j1
              readings        readings
              format          json: of messages without a header `format`
              idle_after      10 s
              topology        none: `--topology` may name a file

            [kafka.client] none

            [output]
              compression     zstd: of Parquet files
              intervals       json
              transactional   false: after a crash, results may be written again, under the same keys

            [grid]
              exchange        memory: an instance knows only its own meters

            [checkpoints]
              every           10 s
              full_after      16
        "#]],
    );
}

#[test]
fn settings_of_kafka_are_shown_as_they_are_used_without_secrets() {
    let plan = include_str!("../../../../../pipelines/ami.toml");
    let environment = Environment::of([
        ("GRIDWARDEN_KAFKA_BROKERS", "kafka.example:9092"),
        ("GRIDWARDEN_KAFKA_SASL_USERNAME", "meters"),
        ("GRIDWARDEN_KAFKA_SASL_PASSWORD", "hunter2"),
    ]);
    let page = without_lists(&page(plan, &environment));
    expect![[r#"
        [kafka]
          brokers         kafka.example:9092
          group           gridwarden
          readings        readings
          format          json: of messages without a header `format`
          idle_after      10 s
          topology        topology

        [kafka.client]
          client.id       gridwarden
          sasl.password   ***  from GRIDWARDEN_KAFKA_SASL_PASSWORD
          sasl.username   meters  from GRIDWARDEN_KAFKA_SASL_USERNAME

        [output]
          compression     zstd: of Parquet files
          intervals       json
          transactional   false: after a crash, results may be written again, under the same keys

        [grid]
          exchange        memory: an instance knows only its own meters

        [checkpoints]
          every           10 s
          full_after      16
    "#]]
    .assert_eq(&page[page.find("[kafka]").unwrap()..]);
}

#[test]
fn results_of_the_whole_town_are_left_out_if_instances_share_it() {
    let plan = include_str!("../../../../../pipelines/ami.toml");
    let plan = plan.replacen("exchange = \"memory\"", "exchange = \"kafka\"", 1);
    let kafka = KafkaPlan::if_any(&plan, "plan.toml".as_ref(), None, &Environment::default()).unwrap();
    let page = page_of(&Plan::read(&plan).unwrap().of_a_part(), kafka.as_ref(), &[], None).text();
    let about = |line: &&str| line.contains("  transformers ") || line.contains("  exchange ");
    let lines: Vec<&str> = page.lines().filter(about).map(str::trim_start).collect();
    expect![[r#"
        transformers    true: each; no instance sees the whole town
        exchange        kafka: each instance knows all meters of its transformers, through the topic of intervals; forecasts, demand and outages of transformers, but not of feeders or the town; no `supply`"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn quantities_have_the_units_that_people_write() {
    let hour = 3_600_000;
    assert_eq!(
        [20 * 60_000, 72 * hour, 168 * hour, 0, 1500].map(time),
        ["20 min", "72 h", "7 d", "0 h", "1500 ms"]
    );
    assert_eq!([0.0625, 0.07, 1.0].map(percent), ["6.25 %", "7 %", "100 %"]);
    assert_eq!(
        [0, 200, 200_000, 1_500_000, 10_000_000].map(watts),
        ["0 W", "200 W", "200 kW", "1500 kW", "10 MW"]
    );
}

const ROUTES: &str = include_str!("../../../../../pipelines/routes.toml");

#[test]
fn gateways_are_shown_without_their_secrets() {
    let page = page(ROUTES, &Environment::default());
    let shown = page.split("\n[").filter(|section| section.starts_with("[gateway]"));
    let shown: Vec<&str> = shown.map(str::trim_end).collect();
    expect![[r#"
        [gateway]]
          name            smsc
          protocol        smpp
          address         smsc.example:2775
          tls             tls
          ca              none: the certificates that the system trusts
          system_id       utility
          system_type     none
          password        of the variable SMPP_PASSWORD
          sender          GRIDWN
          entity          none: texts are not registered
        [gateway]]
          name            backup
          protocol        http
          method          POST
          url             https://sms.example/send
          body            {"to": "{to}", "from": "{sender}", "text": "{text}"}
          content_type    application/json
          header          Authorization: of the file /run/secrets/sms
          sender          GRIDWN
          entity          none: texts are not registered
          inbound         none: what phones send does not come
          answer_id       /message/id
          answer_has      none: the status decides
          ca              none: the certificates that the system trusts
        [gateway]]
          name            mail
          protocol        smtp
          address         mail.example:587
          tls             starttls
          user            gridwarden
          password        of the variable SMTP_PASSWORD
          sender          Gridwarden <alerts@example.org>
          ca              none: the certificates that the system trusts
        [gateway]]
          name            control-room
          protocol        webhook
          url             of the variable CONTROL_ROOM_URL
          secret          of the variable CONTROL_ROOM_SECRET
          ca              none: the certificates that the system trusts"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_receiver_whom_no_gateway_reaches_is_an_error() {
    let refused = |text: &str, with: &str, answer: &Expect| {
        assert!(ROUTES.contains(text), "{text}");
        let plan = ROUTES.replacen(text, with, 1);
        let error = gateways(&Plan::read(&plan).unwrap(), &plan).unwrap_err();
        answer.assert_eq(&error.render("plan.toml", &plan));
    };
    refused(
        "to = \"control-room\"  ",
        "to = \"scada\"  ",
        &expect![[r#"
            error[plan::gateway]: receiver `control-room` goes to the webhook `scada`, and no gateway for one is called so
              --> plan.toml:132:6
               | to = "scada"           # the name of a gateway below
              help: add a `[[gateway]]` with `name = "scada"` and `protocol = "webhook"`
        "#]],
    );
    refused(
        "[[receiver]]\n",
        "[webhook]\nto = \"scada\"\n\n[[receiver]]\n",
        &expect![[r#"
            error[plan::gateway]: `[webhook]` goes to the webhook `scada`, and no gateway for one is called so
              --> plan.toml
              help: add a `[[gateway]]` with `name = "scada"` and `protocol = "webhook"`
        "#]],
    );
    refused(
        "[[receiver]]\n",
        "[topic]\nto = \"scada\"\n\n[[receiver]]\n",
        &expect![[r#"
        error[plan::gateway]: `[topic]` goes to the topic `scada`, and no gateway for one is called so
          --> plan.toml
          help: add a `[[gateway]]` with `name = "scada"` and `protocol = "kafka"`
    "#]],
    );
    refused(
        "sender = \"GRIDWN\"\n",
        "sender = \"GRIDWN\"\nentity = \"1101160000000012345\"\n",
        &expect![[r#"
            error[plan::registered]: gateway `smsc` has an `entity`, and the plan has no `[[registered]]` text
              --> plan.toml
              help: add each text with its `id` as the portal of your operator shows it
        "#]],
    );
    refused(
        "[[receiver]]\n",
        "[email]\nper_hour = 4\n\n[[receiver]]\n",
        &expect![[r#"
            error[plan::missing]: `[email]` has no `to`, so its e-mails would go to postmaster@localhost
              --> plan.toml
              help: add `to = "duty@example.org"`
        "#]],
    );
    let mail = ROUTES.find("[[gateway]]\nname = \"mail\"").unwrap();
    let end = ROUTES.find("[[gateway]]\nname = \"control-room\"").unwrap();
    refused(
        &ROUTES[mail..end],
        "",
        &expect![[r#"
            error[plan::gateway]: receiver `operator` goes out on the channel `email`, and no gateway serves it
              --> plan.toml:126:6
               | to = "operator@example.org"
              help: add a `[[gateway]]`: "smpp", "http", "twilio" or "modem" for `sms`, "smtp" for `email`
        "#]],
    );
}

#[test]
fn a_gateway_that_writes_to_a_topic_needs_brokers_and_a_topic_of_its_own() {
    let gateway = "\n[[gateway]]\nname = \"bus\"\nprotocol = \"kafka\"\ntopic = \"TOPIC\"\n";
    let kafka = "\n[kafka]\nbrokers = \"localhost:9092\"\ngroup = \"g\"\nreadings = \"readings\"\nidle_after = \"1 min\"\n\
        alerts = \"alerts\"\n\n[checkpoints]\nevery = \"10 s\"\nfull_after = 10\n";
    let problem = |topic: &str, kafka: &str| {
        let text = format!("{ROUTES}{kafka}{}", gateway.replace("TOPIC", topic));
        let kafka = KafkaPlan::if_any(&text, "plan.toml".as_ref(), None, &Environment::default()).unwrap();
        let gateways = gateways(&Plan::read(&text).unwrap(), &text).unwrap();
        let checked = topics::check(kafka.as_ref(), &gateways);
        checked.map_err(|error| error.render("plan.toml", &text)).err().unwrap_or_default()
    };
    assert_eq!(problem("alerts-for-control", kafka), "");
    expect![[r#"
        error[plan::gateway]: gateway `bus` writes to a topic, and the plan has no section `[kafka]`
          --> plan.toml
          help: add one with `brokers` as in pipelines/ami.toml

        error[plan::gateway]: gateway `bus` writes to the topic "alerts", which is `alerts` of `[kafka]`
          --> plan.toml
          help: give each a topic of its own

        error[plan::gateway]: gateway `bus` writes to the topic "readings", which is `readings` of `[kafka]`
          --> plan.toml
          help: give each a topic of its own
    "#]]
    .assert_eq(&[problem("any", ""), problem("alerts", kafka), problem("readings", kafka)].join("\n"));
}
