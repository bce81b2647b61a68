//! Tests over a socket, with the requests of scrapers and probes.

use super::*;
use expect_test::{Expect, expect};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const ANY: &str = "127.0.0.1:0";

/// A process that is not ready yet, with one number.
fn start() -> Http {
    Http::start(ANY, answer, |cause| panic!("{cause}")).unwrap()
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

#[track_caller]
fn check_healthy(http: &Http) {
    check(
        http,
        "GET /healthz",
        expect![[r#"
        HTTP/1.1 200 OK
        ok
    "#]],
    );
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
fn a_client_that_asks_only_for_plain_text_gets_it() {
    let http = start();
    let plain = ask(&http, "GET /metrics", "accept: text/plain;version=0.0.4\r\n");
    let kind = MetricsFormat::PrometheusText.content_type();
    assert!(plain.contains(&format!("content-type: {kind}\r\n")), "{plain}");
    assert!(plain.ends_with("\r\n\r\nnumber 3\n"), "{plain}");
    // The header of Prometheus 3.
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
    check_healthy(&http);
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let broken = |_| Err(Refusal::Broken("no numbers".to_owned()));
    let http = Http::start(ANY, broken, |cause| panic!("{cause}")).unwrap();
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
fn an_unknown_path_is_not_found() {
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
fn a_taken_port_is_reported() {
    let http = start();
    let Err(error) = Http::start(&http.address().to_string(), answer, |_| {}) else { panic!("taken twice") };
    expect!["cannot listen on ADDRESS: the port is taken"]
        .assert_eq(&error.to_string().replace(&http.address().to_string(), "ADDRESS"));
    assert_eq!(error.help(), Some("give another port, or 0 for any that is free"));
}

#[test]
fn it_stops_when_dropped_even_if_a_client_is_connected() {
    let http = start();
    let address = http.address();
    let mut idle = TcpStream::connect(address).unwrap();
    write!(idle, "GET /metrics HTTP/1.1\r\n").unwrap();
    drop(http);
    assert!(TcpStream::connect(address).is_err());
    drop(Http::start(&address.to_string(), answer, |_| {}).unwrap());
}

/// A connection with half a request.
fn half_a_request(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nx-").unwrap();
    stream
}

/// Waits for the server to end a connection. Returns whether it does.
fn is_ended(mut stream: TcpStream) -> bool {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // hyper answers 408 to a head that takes too long.
        Ok(_) => answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"),
        Err(cause) => cause.kind() == io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn half_sent_requests_do_not_delay_a_probe() {
    let http = start();
    let mut held: VecDeque<TcpStream> = VecDeque::new();
    for turn in 0..10 * LIMITS.connections {
        held.push_back(half_a_request(http.address()));
        if turn % 16 == 0 {
            check_healthy(&http);
        }
    }
    // The server has ended all but the last few to make room.
    held.drain(..held.len() - LIMITS.connections).for_each(|oldest| assert!(is_ended(oldest)));
}

#[test]
fn a_flood_at_the_start_does_not_take_the_answer_of_a_probe() {
    let listener = listen(ANY).unwrap();
    let address = listener.local_addr().unwrap();
    // All wait to be accepted, and the probe is the oldest.
    let mut probe = TcpStream::connect(address).unwrap();
    probe.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let flood: Vec<TcpStream> = (0..3 * LIMITS.connections).map(|_| half_a_request(address)).collect();
    let http = Http::serve(listener, LIMITS, answer, |cause| panic!("{cause}")).unwrap();
    let mut answer = String::new();
    probe.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop((flood, http));
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let limits = Limits { head: Duration::from_millis(50), ..LIMITS };
    let http = Http::serve(listen(ANY).unwrap(), limits, answer, |cause| panic!("{cause}")).unwrap();
    assert!(is_ended(half_a_request(http.address())));
}

#[test]
fn a_name_may_stand_for_the_address() {
    let http = Http::start("localhost:0", answer, |cause| panic!("{cause}")).unwrap();
    assert!(http.address().ip().is_loopback());
}

#[test]
fn a_wrong_address_is_an_error_with_help() {
    for asked in ["9464", "127.0.0.1", "127.0.0.1:x", "no such host:1"] {
        let Err(error) = Http::start(asked, answer, |_| {}) else { panic!("{asked} was taken") };
        assert_eq!(
            error.to_string(),
            format!("cannot listen on `{asked}`: it is not an address of this machine")
        );
        assert!(error.help().is_some());
    }
}
