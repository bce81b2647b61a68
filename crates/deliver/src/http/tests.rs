use super::*;
use expect_test::expect;
use notify::words::Registry;
use outbox::{MessageId, Ticket};

fn write(template: &str, escape: Escape) -> String {
    let values = Values {
        to: "+919810000001",
        text: "7.2 A & \"मी\"\n<{id}>",
        id: "sms.a",
        sender: "GRIDWN",
        entity: "1101",
        template: "1107",
        values: "7.2 A|मी",
    };
    Template::new(template, escape).unwrap().write(&values)
}

#[test]
fn values_are_written_as_the_place_asks_for() {
    let all = [
        write("https://sms.example/send?to={digits}&m={text}&x={X}", Escape::Url),
        write("{\"to\":\"{to}\",\"text\":\"{text}\",\"from\":{\"id\":\"{sender}\"}}", Escape::Json),
        write("<m to='{to}' id='{id}'>{text}</m>", Escape::Xml),
        write("{id} {}{text}{ {", Escape::Plain),
        write("pe={entity}&dlt={template}&values={values}", Escape::Url),
    ];
    expect![[r#"
        https://sms.example/send?to=919810000001&m=7.2%20A%20%26%20%22%E0%A4%AE%E0%A5%80%22%0A%3C%7Bid%7D%3E&x={X}
        {"to":"+919810000001","text":"7.2 A & \"मी\"\n<{id}>","from":{"id":"GRIDWN"}}
        <m to='+919810000001' id='sms.a'>7.2 A &amp; &quot;मी&quot;
        &lt;{id}&gt;</m>
        sms.a {}7.2 A & "मी"
        <{id}>{ {
        pe=1101&dlt=1107&values=7.2%20A%7C%E0%A4%AE%E0%A5%80"#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn a_template_that_cannot_work_is_refused() {
    let refused = |template: &str, escape| Template::new(template, escape).unwrap_err().to_string();
    expect!["there is no variable `{phone}`; there are {to}, {digits}, {text}, {id}, {sender}, {entity}, {template}, {values}"]
        .assert_eq(&refused("to={phone}", Escape::Url));
    assert!(refused("{\"to\":{to}, \"text\":{text}}", Escape::Json).contains("the body is no JSON"));
}

#[test]
fn a_body_says_by_its_type_how_values_are_written() {
    let of = |content_type: &str| Escape::of(content_type);
    assert_eq!(of("application/json; charset=utf-8"), Escape::Json);
    assert_eq!(of("application/vnd.api+json"), Escape::Json);
    assert_eq!(of("application/x-www-form-urlencoded"), Escape::Url);
    assert_eq!(of("text/xml"), Escape::Xml);
    assert_eq!(of("text/plain"), Escape::Plain);
}

fn gateway() -> HttpSms {
    let url = "https://sms.example";
    let client = Client::new(url, None).unwrap();
    HttpSms::twilio(client, url, "AC1", &Secret::new("secret"), "+1500".to_owned())
}

fn submission() -> Submission {
    let (id, line, text) = (MessageId("sms.a".to_owned()), "112".to_owned(), "M1".to_owned());
    Submission { ticket: Ticket(1), gateway: 0, id, number: 1, line, text, part: 0, parts: 2 }
}

#[test]
fn the_name_of_an_accepted_message_is_found_in_the_answer() {
    let named = |gateway: &HttpSms, text: &str| match gateway.accepted(&submission(), text) {
        Answer::AcceptedWhole { remote } => remote,
        other => format!("{other:?}"),
    };
    let twilio = gateway();
    assert_eq!(named(&twilio, "{\"sid\":\"SM1\"}"), "SM1");
    assert_eq!(named(&twilio, "{\"sid\":7}"), "7");
    // Our own, if there is none.
    assert_eq!(named(&twilio, "{}"), "sms.a");
    assert_eq!(named(&twilio, "no json"), "sms.a");
    let strict = HttpSms { answer_has: Some("\"ok\"".to_owned()), ..gateway() };
    assert_eq!(named(&strict, "{\"status\":\"ok\",\"sid\":\"SM2\"}"), "SM2");
    assert!(named(&strict, "{\"status\":\"error\"}").starts_with("NotNow"));
}

#[test]
fn only_what_is_wrong_with_the_message_itself_is_given_up() {
    let answer = |status: u16| match refused(status, None) {
        Answer::Throttled => 't',
        Answer::Never { .. } => 'n',
        Answer::NotNow { .. } => 'r',
        Answer::Closed { .. } => 'c',
        other => panic!("{other:?}"),
    };
    let all = [302, 400, 401, 403, 404, 408, 413, 422, 429, 500, 503];
    assert_eq!(all.map(answer).iter().collect::<String>(), "rnccrrnntrr");
    let error = "{\"code\":21211,\"message\":\"The 'To' number +919810000001 is not valid\"}";
    assert_eq!(
        refused(400, code(error)),
        Answer::Never { reason: "the gateway answered 400, code 21211".to_owned() }
    );
}

#[test]
fn a_text_that_is_not_registered_is_given_up() {
    let registry = Registry::default();
    let gateway =
        HttpSms { registration: Some(Registration { entity: "1".to_owned(), registry }), ..gateway() };
    let Reply::Answer(answer) = gateway.send(&submission(), Duration::ZERO) else {
        panic!("nobody is asked")
    };
    assert_eq!(answer, Answer::Never { reason: "it is none of the registered texts".to_owned() });
}

#[test]
fn nothing_shows_a_token() {
    let shown = format!("{:?}", gateway());
    assert!(!shown.contains("secret") && !shown.contains(&BASE64_STANDARD.encode("AC1:secret")), "{shown}");
}

#[test]
fn a_url_without_a_host_is_refused_and_not_shown() {
    for wrong in ["", "sms.example", "ftp://sms.example/key", "https:///key", "https://"] {
        let error = Client::new(wrong, None).unwrap_err().to_string();
        assert_eq!(error, "the URL must begin with http:// or https:// and a host", "{wrong}");
    }
    assert!(Client::new("https://sms.example", Some(b"no pem")).is_err());
}
