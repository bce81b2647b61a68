//! Asked as a scraper asks, over a socket.

use super::*;
use expect_test::{Expect, expect};
use std::io::{Read, Write};
use std::net::TcpStream;

const ANY: &str = "127.0.0.1:0";

/// A process that is not ready yet, with one number.
fn start() -> Http {
    Http::start(ANY.parse().unwrap(), answer, |cause| panic!("{cause}")).unwrap()
}

fn answer(question: Question) -> Result<String, Refusal> {
    match question {
        Question::Metrics(MetricsFormat::OpenMetrics) => Ok("number 3\n# EOF\n".to_owned()),
        Question::Metrics(MetricsFormat::PrometheusText) => Ok("number 3\n".to_owned()),
        Question::Health => Ok("ok\n".to_owned()),
        Question::Readiness => Err(Refusal::Unavailable("starting".to_owned())),
    }
}

/// The whole answer to a request.
fn ask(http: &Http, request: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(http.address()).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The status, and the body below it.
#[track_caller]
fn check(http: &Http, request: &str, expected: Expect) {
    let answer = ask(http, request, "");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    expected.assert_eq(&format!("{}\n{body}", head.lines().next().unwrap()));
}

#[test]
fn a_scrape_gives_open_metrics() {
    let answer = ask(&start(), "GET /metrics", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let kind = MetricsFormat::OpenMetrics.content_type();
    assert!(answer.contains(&format!("content-type: {kind}\r\n")), "{answer}");
    assert!(answer.ends_with("\r\n\r\nnumber 3\n# EOF\n"), "{answer}");
}

#[test]
fn who_asks_for_plain_text_alone_gets_it() {
    let http = start();
    let plain = ask(&http, "GET /metrics", "accept: text/plain;version=0.0.4\r\n");
    let kind = MetricsFormat::PrometheusText.content_type();
    assert!(plain.contains(&format!("content-type: {kind}\r\n")), "{plain}");
    assert!(plain.ends_with("\r\n\r\nnumber 3\n"), "{plain}");
    // As Prometheus 3 asks.
    let accepts =
        "accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3\r\n";
    assert!(ask(&http, "GET /metrics", accepts).ends_with("# EOF\n"));
}

#[test]
fn each_probe_has_its_own_answer() {
    let http = start();
    check(
        &http,
        "GET /readyz",
        expect![[r#"
        HTTP/1.1 503 Service Unavailable
        starting
    "#]],
    );
    check(
        &http,
        "GET /healthz",
        expect![[r#"
        HTTP/1.1 200 OK
        ok
    "#]],
    );
}

#[test]
fn an_answer_that_cannot_be_made_is_told() {
    let broken = |_| Err(Refusal::Broken("no numbers".to_owned()));
    let http = Http::start(ANY.parse().unwrap(), broken, |cause| panic!("{cause}")).unwrap();
    check(
        &http,
        "GET /metrics",
        expect![[r#"
        HTTP/1.1 500 Internal Server Error
        no numbers
    "#]],
    );
}

#[test]
fn what_is_not_there_is_told() {
    let http = start();
    check(
        &http,
        "GET /",
        expect![[r#"
        HTTP/1.1 404 Not Found
        there is /metrics, /healthz and /readyz
    "#]],
    );
    check(
        &http,
        "GET /metrics/more",
        expect![[r#"
        HTTP/1.1 404 Not Found
        there is /metrics, /healthz and /readyz
    "#]],
    );
    check(
        &http,
        "POST /metrics",
        expect![[r#"
        HTTP/1.1 405 Method Not Allowed
    "#]],
    );
    check(
        &http,
        "DELETE /healthz",
        expect![[r#"
        HTTP/1.1 405 Method Not Allowed
    "#]],
    );
}

#[test]
fn a_taken_port_is_told() {
    let http = start();
    let Err(error) = Http::start(http.address(), answer, |_| {}) else { panic!("taken twice") };
    expect!["cannot listen on ADDRESS: the port is taken"]
        .assert_eq(&error.to_string().replace(&http.address().to_string(), "ADDRESS"));
    assert_eq!(error.help(), Some("give another port, or 0 for any that is free"));
}

#[test]
fn it_stops_when_dropped_even_if_somebody_is_connected() {
    let http = start();
    let address = http.address();
    let mut idle = TcpStream::connect(address).unwrap();
    write!(idle, "GET /metrics HTTP/1.1\r\n").unwrap();
    drop(http);
    assert!(TcpStream::connect(address).is_err());
    drop(Http::start(address, answer, |_| {}).unwrap());
}
