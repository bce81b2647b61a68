use super::*;
use expect_test::{Expect, expect};
use notify::words::Registry;
use std::path::Path;

const PLAN: &str = r#"
[[gateway]]
name = "operator"
protocol = "smpp"
address = "smsc.example:2775"
system_id = "utility"
password = { env = "SMPP_PASSWORD" }
sender = "GRIDWN"

[[gateway]]
name = "backup"
protocol = "twilio"
account = "AC1"
token = { file = "/run/secrets/twilio" }
sender = "+15005550006"

[[gateway]]
name = "local"
protocol = "http"
url = "https://sms.example/send?route=4"
body = '{"to": "{to}", "text": "{text}"}'
content_type = "application/json"
headers = { X-Version = "2", Authorization = { env = "LOCAL_SMS" } }
answer_id = "/id"

[[gateway]]
name = "sim"
protocol = "modem"
device = "/dev/ttyUSB0"
pin = { env = "SIM_PIN" }

[[gateway]]
name = "mail"
protocol = "smtp"
address = "mail.example:587"
user = "gridwarden"
password = { env = "SMTP_PASSWORD" }
sender = "Gridwarden <alerts@example.org>"

[[gateway]]
name = "control-room"
protocol = "webhook"
url = { env = "HOOK_URL" }
secret = { env = "HOOK_SECRET" }
ca = "ca.pem"

[[gateway]]
name = "bus"
protocol = "kafka"
topic = "alerts-for-control"

[[gateway]]
name = "journal"
protocol = "file"
path = "/var/spool/gridwarden/alerts.ndjson"
"#;

/// Opens a gateway without any topic.
fn open(gateway: &GatewayPlan) -> Result<crate::Gateway, OpenError> {
    gateway.open(&Registry::default(), |topic| panic!("nobody asks for the topic {topic}"))
}

fn page(gateways: &[GatewayPlan]) -> String {
    let lines = |one: &GatewayPlan| {
        let keys = one.shown().into_iter().map(|(key, value)| format!("  {key} {value}\n"));
        format!("{}\n{}", one.way(), keys.collect::<String>())
    };
    gateways.iter().map(lines).collect()
}

#[test]
fn each_gateway_is_shown_without_its_secrets() {
    expect![[r#"
        sms
          name operator
          protocol smpp
          address smsc.example:2775
          tls none: not encrypted
          system_id utility
          system_type none
          password of the variable SMPP_PASSWORD
          sender GRIDWN
          entity none: texts are not registered
        sms
          name backup
          protocol twilio
          url https://api.twilio.com
          account AC1
          token of the file /run/secrets/twilio
          sender +15005550006
          inbound none: what phones send does not come
          ca none: the certificates that the system trusts
        sms
          name local
          protocol http
          method POST
          url https://sms.example/send?..
          body {"to": "{to}", "text": "{text}"}
          content_type application/json
          header Authorization: of the variable LOCAL_SMS
          header X-Version: 2
          sender none
          entity none: texts are not registered
          inbound none: what phones send does not come
          answer_id /id
          answer_has none: the status decides
          ca none: the certificates that the system trusts
        sms
          name sim
          protocol modem
          device /dev/ttyUSB0
          baud 115200
          pin of the variable SIM_PIN
        email
          name mail
          protocol smtp
          address mail.example:587
          tls starttls
          user gridwarden
          password of the variable SMTP_PASSWORD
          sender Gridwarden <alerts@example.org>
          ca none: the certificates that the system trusts
        webhook.control-room
          name control-room
          protocol webhook
          url of the variable HOOK_URL
          secret of the variable HOOK_SECRET
          ca ca.pem
        topic.bus
          name bus
          protocol kafka
          topic alerts-for-control: over the brokers of [kafka]
        file.journal
          name journal
          protocol file
          path /var/spool/gridwarden/alerts.ndjson
    "#]]
    .assert_eq(&page(&read(PLAN).unwrap()));
}

fn refused(text: &str, answer: &Expect) {
    let error = read(text).unwrap_err();
    answer.assert_eq(&error.render("plan.toml", text));
}

/// The plan with a line instead of another one.
fn with(line: &str, other: &str) -> String {
    assert!(PLAN.contains(line), "{line}");
    PLAN.replacen(line, other, 1)
}

#[test]
fn what_cannot_work_is_refused_with_its_place_and_a_way_out() {
    refused(
        &with("protocol = \"smpp\"", "protocol = \"sms\""),
        &expect![[r#"
            error[plan::choice]: `protocol` must be one of "smpp", "twilio", "http", "smtp", "webhook", "modem", "kafka", "file", found "sms"
              --> plan.toml:4:12
               | protocol = "sms"
              help: try `protocol = "smpp"`
        "#]],
    );
    refused(
        &with("system_id", "sytem_id"),
        &expect![[r#"
            error[plan::key]: `sytem_id` is no key of a gateway with `protocol = "smpp"`
              --> plan.toml:6:1
               | sytem_id = "utility"
              help: it has `address`, `tls`, `system_id`, `system_type`, `password`, `sender`, `entity`, `ca`
        "#]],
    );
    refused(
        &with("sender = \"GRIDWN\"\n", ""),
        &expect![[r#"
        error[plan::missing]: this gateway needs `sender`
          --> plan.toml:3:8
           | name = "operator"
          help: add `sender = "GRIDWN"`
    "#]],
    );
    refused(
        &with("smsc.example:2775", "smsc.example"),
        &expect![[r#"
        error[plan::address]: `address` must be HOST:PORT, found "smsc.example"
          --> plan.toml:5:11
           | address = "smsc.example"
          help: try `address = "gateway.example:2775"`
    "#]],
    );
    refused(
        &with("{ env = \"SMPP_PASSWORD\" }", "\"hunter2\""),
        &expect![[r#"
        error[plan::secret]: `password` is a secret, which must not stand in a plan
          --> plan.toml:7:12
           | (not shown: it may hold a secret)
          help: write `password = { env = "NAME" }` or `password = { file = "PATH" }`
    "#]],
    );
    refused(
        &with("token = { file = \"/run/secrets/twilio\" }", "token = \"hunter2\""),
        &expect![[r#"
        error[plan::secret]: `token` is a secret, which must not stand in a plan
          --> plan.toml:14:9
           | (not shown: it may hold a secret)
          help: write `token = { env = "NAME" }` or `token = { file = "PATH" }`
    "#]],
    );
    refused(
        &with("{ env = \"LOCAL_SMS\" }", "\"Bearer hunter2\""),
        &expect![[r#"
        error[plan::secret]: `Authorization` is a secret, which must not stand in a plan
          --> plan.toml:23:11
           | (not shown: it may hold a secret)
          help: write `Authorization = { env = "NAME" }` or `Authorization = { file = "PATH" }`
    "#]],
    );
    refused(
        &with("\"{text}\"", "{text}"),
        &expect![[r#"
        error[plan::template]: `body`: with values in it, the body is no JSON: expected value at line 1 column 22
          --> plan.toml:21:8
           | body = '{"to": "{to}", "text": {text}}'
          help: write {text} in quotes: "{text}"
    "#]],
    );
    refused(
        &with("{to}", "{phone}"),
        &expect![[r#"
            error[plan::template]: `body`: there is no variable `{phone}`; there are {to}, {digits}, {text}, {id}, {sender}, {entity}, {template}, {values}
              --> plan.toml:21:8
               | body = '{"to": "{phone}", "text": "{text}"}'
              help: write one of these
        "#]],
    );
    refused(
        &with(": \"{text}\"", ": \"text\""),
        &expect![[r#"
        error[plan::gateway]: neither `url` nor `body` has `{text}`, so every message would be empty
          --> plan.toml:17:1
           | [[gateway]]
          help: add `body = '{"to": "{to}", "text": "{text}"}'` with `content_type = "application/json"`
    "#]],
    );
    refused(
        &with("content_type = \"application/json\"\n", ""),
        &expect![[r#"
        error[plan::missing]: a `body` needs a `content_type`, which says how values are written
          --> plan.toml:21:8
           | body = '{"to": "{to}", "text": "{text}"}'
          help: add `content_type = "application/json"`
    "#]],
    );
    refused(
        &with("https://sms.example/send", "sms.example/send"),
        &expect![[r#"
        error[plan::address]: the URL must begin with http:// or https:// and a host
          --> plan.toml:20:7
           | url = "sms.example/send?route=4"
          help: try `url = "https://sms.example/send"`
    "#]],
    );
    refused(
        &with("answer_id = \"/id\"", "answer_id = \"id\""),
        &expect![[r#"
        error[plan::gateway]: `answer_id` must be a place in JSON (RFC 6901), found "id"
          --> plan.toml:24:13
           | answer_id = "id"
          help: try `answer_id = "/id"`
    "#]],
    );
    refused(
        &with("address = \"mail.example:587\"", "address = \"mail.example:587\"\ntls = \"none\""),
        &expect![[r#"
            error[plan::gateway]: the password of `gridwarden` would go out in the open
              --> plan.toml:37:8
               | user = "gridwarden"
              help: write `tls = "starttls"`
        "#]],
    );
    refused(
        &with("password = { env = \"SMTP_PASSWORD\" }\n", ""),
        &expect![[r#"
            error[plan::missing]: `user` needs a `password`
              --> plan.toml:36:8
               | user = "gridwarden"
              help: add `password = { env = "SMTP_PASSWORD" }`
        "#]],
    );
    refused(
        &with("<alerts@example.org>", ""),
        &expect![[r#"
            error[plan::address]: `sender` must be a mailbox, found "Gridwarden "
              --> plan.toml:38:10
               | sender = "Gridwarden "
              help: try `sender = "Gridwarden <alerts@example.org>"`
        "#]],
    );
    refused(
        &with("name = \"mail\"", "name = \"backup\""),
        &expect![[r#"
            error[plan::name]: two gateways are called `backup`
              --> plan.toml:33:8
               | name = "backup"
              help: give one of them another `name`
        "#]],
    );
    refused(
        &with("name = \"mail\"", "name = \"Mail server\""),
        &expect![[r#"
            error[plan::name]: `name` must be small letters, digits and hyphens, at most 32, found "Mail server"
              --> plan.toml:33:8
               | name = "Mail server"
              help: try `name = "operator"`
        "#]],
    );
    refused(
        &with("sender = \"GRIDWN\"\n", "sender = \"GRIDWN\"\nentity = \"4711\"\n"),
        &expect![[r#"
        error[plan::registered]: `entity` is an id of 19 digits, found "4711"
          --> plan.toml:9:10
           | entity = "4711"
          help: write it as the portal of your operator shows it
    "#]],
    );
    let entity = "entity = \"1101160000000012345\"\n";
    refused(
        &with("sender = \"GRIDWN\"\n", &format!("sender = \"GRID-WARDEN\"\n{entity}")),
        &expect![[r#"
        error[plan::registered]: with `entity`, `sender` is a registered header of six letters, found "GRID-WARDEN"
          --> plan.toml:8:10
           | sender = "GRID-WARDEN"
          help: try `sender = "GRIDWN"`
    "#]],
    );
    refused(
        &with("answer_id = \"/id\"\n", &format!("answer_id = \"/id\"\n{entity}")),
        &expect![[r#"
        error[plan::missing]: this gateway needs `sender`
          --> plan.toml:18:8
           | name = "local"
          help: add `sender = "GRIDWN"`
    "#]],
    );
    refused(
        &with("{\"to\": \"{to}\", ", "{\"to\": \"{to}\", \"dlt\": \"{template}\", "),
        &expect![[r#"
        error[plan::registered]: `body` has `{template}`, and the gateway has no `entity`
          --> plan.toml:17:1
           | [[gateway]]
          help: add `entity` with its id of 19 digits
    "#]],
    );
    refused(
        &with("alerts-for-control", "alerts for control"),
        &expect![[r#"
        error[plan::topic]: `topic` must be at most 249 letters, digits, dots, hyphens and underscores
          --> plan.toml:50:9
           | topic = "alerts for control"
          help: try `topic = "alerts-for-control"`
    "#]],
    );
    refused(
        &with("topic = \"alerts-for-control\"\n", ""),
        &expect![[r#"
        error[plan::missing]: this gateway needs `topic`
          --> plan.toml:48:8
           | name = "bus"
          help: add `topic = "alerts-for-control"`
    "#]],
    );
    refused(
        &with("path = \"/var/spool/gridwarden/alerts.ndjson\"\n", ""),
        &expect![[r#"
        error[plan::missing]: this gateway needs `path`
          --> plan.toml:53:8
           | name = "journal"
          help: add `path = "/var/spool/gridwarden/alerts.ndjson"`
    "#]],
    );
    refused(
        &with("secret = { env = \"HOOK_SECRET\" }\n", ""),
        &expect![[r#"
            error[plan::missing]: this gateway needs `secret`
              --> plan.toml:41:8
               | name = "control-room"
              help: add `secret = { env = "NAME" }`
        "#]],
    );
    refused(
        &with("sender = \"GRIDWN\"", "sender = \"GRIDWN\"\nca = \"ca.pem\""),
        &expect![[r#"
            error[plan::gateway]: `ca` is about TLS, and there is none
              --> plan.toml:2:1
               | [[gateway]]
              help: add `tls = "tls"`
        "#]],
    );
}

#[test]
fn who_knows_the_key_hands_over_what_phones_send() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "long-and-secret\n").unwrap();
    let key = format!("inbound = {{ file = \"{}\" }}\n", path.display());
    let http = "inbound_from = \"msisdn\"\n";
    let plan = with("answer_id = \"/id\"\n", &format!("answer_id = \"/id\"\n{key}{http}"));
    let plan = plan.replacen("account = \"AC1\"\n", &format!("account = \"AC1\"\n{key}"), 1);
    let all: Vec<_> = read(&plan).unwrap().iter().filter_map(|one| one.inbound().unwrap()).collect();
    let read = |place: usize, text: &str| {
        let fields = text.split('&').map(|one| one.split_once('=').unwrap());
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        all[place].read(&fields).map(|came| format!("{} {} {}", came.gateway, came.from, came.text))
    };
    assert_eq!(read(0, "From=+919800000001&Body=USE&To=1").unwrap(), "backup +919800000001 USE");
    assert_eq!(read(1, "msisdn=919800000001&text=BAL").unwrap(), "local 919800000001 BAL");
    assert_eq!((read(0, "From=1"), read(1, "from=1&text=BAL")), (None, None));
    let allowed =
        ["long-and-secret", "long-and-secre", "", "long-and-secret\n"].map(|key| all[0].allows(key));
    assert_eq!(allowed, [true, false, false, false]);
    assert!(!format!("{all:?}").contains("long-and-secret"));
}

#[test]
fn a_gateway_is_opened_only_with_its_secrets() {
    let gateways = read(PLAN).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let failed = |text: &str| {
        let error = open(&read(text).unwrap()[0]).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        format!("{error}\n{cause}\n{}\n", error.help())
    };
    let webhook = |secret: &str, url: &str| {
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        std::fs::write(folder.path().join("url"), url).unwrap();
        let file = |name: &str| format!("{{ file = \"{}\" }}", Path::join(folder.path(), name).display());
        format!(
            "[[gateway]]\nname = \"a\"\nprotocol = \"webhook\"\nurl = {}\nsecret = {}\n",
            file("url"),
            file("secret")
        )
    };
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
    let text = webhook(key, "https://control.example/key\n");
    assert_eq!(open(&read(&text).unwrap()[0]).unwrap().way(), "webhook.a");
    let all = [
        failed(&webhook("short", "https://control.example/key")),
        failed(&webhook(key, "control.example/hunter2")),
        failed(
            &text.replace("secret\"", "nothing\"").replace(&folder.path().display().to_string(), "/nowhere"),
        ),
    ];
    expect![[r#"
        gateway `a`: `secret` cannot be used
        the secret must be 24 to 64 bytes in base64, and may begin with `whsec_`
        make one: printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)"

        gateway `a`: `url` cannot be used
        the URL must begin with http:// or https:// and a host
        gridwarden check PLAN shows where it is kept

        gateway `a`: `url` cannot be used
        cannot read /nowhere/url
        let this process read the file, or name another one in the plan
    "#]]
    .assert_eq(&all.join("\n"));
    let unset = open(&gateways[0]).unwrap_err();
    assert_eq!(unset.help(), "set SMPP_PASSWORD in the environment");
}

#[test]
fn every_secret_that_is_missing_is_named() {
    let plan = PLAN.replace("{ env = \"", "{ file = \"/nowhere/").replace("/run/secrets", "/nowhere");
    let plan =
        plan.replace("account = \"AC1\"\n", "account = \"AC1\"\ninbound = { file = \"/nowhere/key\" }\n");
    let gateways = read(&plan).unwrap();
    let missing = |with_inbound| -> Vec<String> {
        gateways.iter().flat_map(|one| one.missing(with_inbound)).map(|error| error.to_string()).collect()
    };
    expect![[r#"
        gateway `operator`: `password` cannot be used
        gateway `backup`: `token` cannot be used
        gateway `local`: `headers` cannot be used
        gateway `sim`: `pin` cannot be used
        gateway `mail`: `password` cannot be used
        gateway `control-room`: `url` cannot be used
        gateway `control-room`: `secret` cannot be used"#]]
    .assert_eq(&missing(false).join("\n"));
    let also: Vec<String> = missing(true).into_iter().filter(|one| one.contains("inbound")).collect();
    assert_eq!(also, ["gateway `backup`: `inbound` cannot be used"]);
}

#[test]
fn answers_to_phones_have_to_be_registered_where_texts_are() {
    let plan = pipeline::Plan::read(include_str!("../../../../pipelines/routes.toml")).unwrap();
    let rules = plan.desk.as_ref().unwrap();
    let checked = |text: &str| check_answers(rules, &plan.calendar, &read(text).unwrap());
    assert!(checked(PLAN).is_ok(), "no gateway sends registered texts");
    let registered = with("sender = \"GRIDWN\"\n", "sender = \"GRIDWN\"\nentity = \"1101160000000012345\"\n");
    let error = checked(&registered).unwrap_err();
    let help = error.help.unwrap();
    for text in ["START पाठवा", "{#var#} kWh"] {
        assert!(help.contains(text), "{help}");
    }
    assert!(error.problem.ends_with("and that is no registered text"), "{}", error.problem);
}
