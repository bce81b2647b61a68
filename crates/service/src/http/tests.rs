//! Asked as a scraper asks, over a socket.

use super::*;
use expect_test::{Expect, expect};
use std::io::{Read, Write};
use std::net::TcpStream;

const ANY: &str = "127.0.0.1:0";

fn start() -> (Http, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    (Http::start(ANY.parse().unwrap(), Arc::clone(&metrics)).unwrap(), metrics)
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
    let (http, metrics) = start();
    metrics.dead_letters("torn", 3);
    let answer = ask(&http, "GET /metrics", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(&format!("content-type: {OPEN_METRICS}\r\n")), "{answer}");
    assert!(answer.contains("\ngridwarden_dead_letters_total{reason=\"torn\"} 3\n"), "{answer}");
    assert!(answer.ends_with("\n# EOF\n"), "{answer}");
}

#[test]
fn who_asks_for_plain_text_alone_gets_it() {
    let (http, _metrics) = start();
    let plain = ask(&http, "GET /metrics", "accept: text/plain;version=0.0.4\r\n");
    assert!(plain.contains(&format!("content-type: {PROMETHEUS_TEXT}\r\n")), "{plain}");
    assert!(
        plain.contains("# TYPE gridwarden_intervals_total counter\n") && !plain.contains("# EOF"),
        "{plain}"
    );
    // As Prometheus 3 asks.
    let accepts =
        "accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3\r\n";
    assert!(ask(&http, "GET /metrics", accepts).ends_with("# EOF\n"));
}

#[test]
fn ready_says_what_is_missing() {
    let (http, metrics) = start();
    check(
        &http,
        "GET /readyz",
        expect![[r#"
        HTTP/1.1 503 Service Unavailable
        starting
    "#]],
    );
    metrics.health.not_ready("waiting for partitions of readings");
    check(
        &http,
        "GET /readyz",
        expect![[r#"
        HTTP/1.1 503 Service Unavailable
        waiting for partitions of readings
    "#]],
    );
    metrics.health.ready();
    check(
        &http,
        "GET /readyz",
        expect![[r#"
        HTTP/1.1 200 OK
        ok
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
fn what_is_not_there_is_told() {
    let (http, _metrics) = start();
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
    let (http, _metrics) = start();
    let Err(failure) = Http::start(http.address(), Arc::new(Metrics::new())) else { panic!("taken twice") };
    expect![[r#"
        error: cannot listen on ADDRESS: the port is taken
          help: give another port, or 0 for any that is free
    "#]]
    .assert_eq(&failure.to_string().replace(&http.address().to_string(), "ADDRESS"));
}

#[test]
fn it_stops_when_dropped_even_if_somebody_is_connected() {
    let (http, metrics) = start();
    let address = http.address();
    let mut idle = TcpStream::connect(address).unwrap();
    write!(idle, "GET /metrics HTTP/1.1\r\n").unwrap();
    drop(http);
    assert!(TcpStream::connect(address).is_err());
    drop(Http::start(address, metrics).unwrap());
}
