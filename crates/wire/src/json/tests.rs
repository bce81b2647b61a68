use super::{LONGEST_LINE, decode, decode_lines, encode};
use expect_test::{Expect, expect};
use reading::{Batch, EventTime, Issue, Limits, MeterId, RawReading};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;
use units::{Milliamperes, Millivolts, Milliwatts};

mod properties;

fn blank() -> RawReading {
    RawReading::new(MeterId::new("-").unwrap(), EventTime(0))
}

fn limits() -> Limits {
    Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) }
}

/// What a line says, in the one way that we write it, or why it says nothing.
fn decoded(line: &[u8]) -> String {
    let mut raw = blank();
    match decode(line, &mut raw) {
        Err(reason) => reason.name().to_string(),
        Ok(unknown) => {
            let mut out = Vec::new();
            encode(&raw, &mut out);
            let unknown = if unknown > 0 { format!(" and {unknown} unknown") } else { String::new() };
            String::from_utf8(out).unwrap() + &unknown
        }
    }
}

fn check(line: impl AsRef<[u8]>, expected: Expect) {
    expected.assert_eq(&decoded(line.as_ref()));
}

/// What one field of an otherwise sound line says.
fn check_field(field: &str, expected: Expect) {
    let decoded = decoded(format!(r#"{{"meter":"M1","time":1,{field}}}"#).as_bytes());
    expected.assert_eq(decoded.strip_prefix(r#"{"meter":"M1","time":1"#).unwrap_or(&decoded));
}

/// What becomes of a block: each reading by its name and its bytes, then each dead letter.
fn check_block(block: &str, expected: Expect) {
    let mut batch = Batch::of_bytes(block);
    decode_lines(&limits(), &mut batch);
    let mut seen = String::new();
    for (index, &span) in batch.spans.iter().enumerate() {
        let text = String::from_utf8_lossy(batch.text(span));
        seen += &format!("{} from {text}\n", String::from_utf8_lossy(batch.name(index)));
    }
    for dead in &batch.dead {
        seen += &format!("{}: {}\n", dead.reason, String::from_utf8_lossy(batch.text(dead.span)));
    }
    for &issue in Issue::ALL {
        if batch.counts.of_issue(issue) > 0 {
            seen += &format!("{} {issue}\n", batch.counts.of_issue(issue));
        }
    }
    assert_eq!(batch.len(), batch.spans.len());
    expected.assert_eq(&seen);
}

#[test]
fn every_field_is_read_and_written() {
    check(
        r#"{"meter":"M1","time":1704067200000,"imp":1,"exp":2,"v":[230.1,231,-0.5],"i":[1,2,3],"in":0.25,"vl":229,
            "p":-2801.5,"q":[1,2,3],"lag":3,"lead":4,"vah":5,"f":49.98,"ev":[201,"magnet-restored"],"relay":"off","seq":7}"#,
        expect![[
            r#"{"meter":"M1","time":1704067200000,"imp":1,"exp":2,"v":[230.1,231,-0.5],"i":[1,2,3],"in":0.25,"vl":229,"p":-2801.5,"q":[1,2,3],"lag":3,"lead":4,"vah":5,"f":49.98,"ev":[201,202],"relay":"off","seq":7}"#
        ]],
    );
}

#[test]
fn space_and_order_do_not_matter() {
    check(
        " {\n\t\"seq\" : 1 , \"v\" :\r\n [ 1 , 2 , 3 ] , \"time\" : 5 , \"meter\" : \"M1\" } \n",
        expect![[r#"{"meter":"M1","time":5,"v":[1,2,3],"seq":1}"#]],
    );
}

#[test]
fn time_is_a_count_or_a_text_with_an_offset() {
    let expected = || expect![[r#"{"meter":"M1","time":1704067200250,"imp":1}"#]];
    check(r#"{"meter":"M1","time":1704067200250,"imp":1}"#, expected());
    check(r#"{"meter":"M1","time":"2024-01-01T00:00:00.25Z","imp":1}"#, expected());
    check(r#"{"meter":"M1","time": "2024-01-01T05:30:00.250+05:30","imp":1}"#, expected());
    check(r#"{"meter":"M1","time":"\u0032024-01-01T00:00:00.25Z","imp":1}"#, expected());
    check(r#"{"meter":"M1","time":1.70406720025e12,"imp":1}"#, expected());
    let refused = || expect!["time-format"];
    check(r#"{"meter":"M1","time":"2024-01-01T00:00:00","imp":1}"#, refused());
    check(r#"{"meter":"M1","time":"2024-02-30T00:00:00Z","imp":1}"#, refused());
    check(r#"{"meter":"M1","time":1.5,"imp":1}"#, refused());
    check(r#"{"meter":"M1","time":[1],"imp":1}"#, refused());
    check(r#"{"meter":"M1","time":"20"#, expect!["torn"]);
    check(r#"{"meter":"M1","time":1e19,"imp":1}"#, expect!["number-range"]);
}

#[test]
fn more_than_three_decimals_round_half_away_from_zero() {
    check_field(r#""v":0.0004999"#, expect![[r#","v":0}"#]]);
    check_field(r#""v":0.0005"#, expect![[r#","v":0.001}"#]]);
    check_field(r#""v":-0.0005"#, expect![[r#","v":-0.001}"#]]);
    check_field(r#""v":230.99951234567890123456789"#, expect![[r#","v":231}"#]]);
    check_field(r#""v":5e-4"#, expect![[r#","v":0.001}"#]]);
    check_field(r#""v":49e-5"#, expect![[r#","v":0}"#]]);
}

#[test]
fn exponents_are_exact() {
    check_field(r#""p":1.2345e2"#, expect![[r#","p":123.45}"#]]);
    check_field(r#""p":12e+3"#, expect![[r#","p":12000}"#]]);
    check_field(r#""p":0e999999999999999999999"#, expect![[r#","p":0}"#]]);
    check_field(r#""p":1e-999999999999999999999"#, expect![[r#","p":0}"#]]);
    check_field(r#""p":1e999999999999999999999"#, expect!["number-range"]);
    check_field(r#""imp":12.0,"exp":1e3,"seq":12e-1"#, expect!["field-type"]);
    check_field(r#""imp":12.0,"exp":1e3,"seq":120e-1"#, expect![[r#","imp":12,"exp":1000,"seq":12}"#]]);
}

#[test]
fn what_cannot_be_kept_is_out_of_range() {
    check_field(r#""v":2147483.647"#, expect![[r#","v":2147483.647}"#]]);
    check_field(r#""v":2147483.648"#, expect!["number-range"]);
    check_field(r#""v":[1,2,-2147483.649]"#, expect!["number-range"]);
    check_field(r#""p":-9223372036854775.808"#, expect![[r#","p":-9223372036854775.808}"#]]);
    check_field(r#""p":9223372036854775.808"#, expect!["number-range"]);
    check_field(r#""imp":9223372036854775808"#, expect!["number-range"]);
    check_field(r#""seq":18446744073709551615"#, expect![[r#","seq":18446744073709551615}"#]]);
    check_field(r#""seq":18446744073709551616"#, expect!["number-range"]);
    check_field(r#""seq":-1"#, expect!["number-range"]);
    check_field(r#""ev":[65536]"#, expect!["number-range"]);
}

#[test]
fn another_type_than_the_table_says_is_refused() {
    let refused = || expect!["field-type"];
    check_field(r#""v":"230""#, refused());
    check_field(r#""v":true"#, refused());
    check_field(r#""v":[]"#, refused());
    check_field(r#""v":[1,2]"#, refused());
    check_field(r#""v":[1,2,3,4]"#, refused());
    check_field(r#""v":[1,null,3]"#, refused());
    check_field(r#""in":[1,2,3]"#, refused());
    check_field(r#""imp":1.5"#, refused());
    check_field(r#""imp":{"a":[1,{}]}"#, refused());
    check_field(r#""ev":201"#, refused());
    check_field(r#""ev":[1.5]"#, refused());
    check_field(r#""relay":true"#, refused());
    check(r#"{"meter":7,"time":1,"imp":1}"#, refused());
}

#[test]
fn an_unknown_event_or_relay_costs_nothing_but_itself() {
    check_field(r#""imp":7,"ev":["no-such-event",251]"#, expect![[r#","imp":7,"ev":[251]}"#]]);
    check_field(r#""imp":7,"relay":"maybe""#, expect![[r#","imp":7}"#]]);
    let lines = [r#""imp":7,"ev":["no-such-event","nor-this"]"#, r#""imp":7,"relay":"ON""#, r#""imp":7"#];
    let lines = lines.map(|fields| format!(r#"{{"meter":"M1","time":1704067200000,{fields}}}"#));
    let mut batch = Batch::of_bytes(lines.join("\n"));
    decode_lines(&limits(), &mut batch);
    assert_eq!((batch.len(), batch.counts.of_issue(Issue::UnknownEvent)), (3, 2));
}

#[test]
fn null_is_an_absent_field() {
    check_field(r#""v":null,"imp": null,"relay":null,"ev":null,"seq":null"#, expect!["}"]);
    check(r#"{"meter":null,"time":1}"#, expect!["meter-missing"]);
    check(r#"{"meter":"M1","time":null}"#, expect!["time-missing"]);
}

#[test]
fn meter_and_time_are_required() {
    check("{}", expect!["meter-missing"]);
    check(r#"{"time":1,"imp":1}"#, expect!["meter-missing"]);
    check(r#"{"meter":"M1","imp":1}"#, expect!["time-missing"]);
    check(r#"{"meter":"","time":1}"#, expect!["meter-name"]);
    check(r#"{"meter":"M 1","time":1}"#, expect!["meter-name"]);
    check(r#"{"meter":"Zähler","time":1}"#, expect!["meter-name"]);
    let name = "M".repeat(33);
    check(format!(r#"{{"meter":"{name}","time":1}}"#), expect!["meter-name"]);
}

#[test]
fn a_known_field_stands_once() {
    check_field(r#""v":1,"v":1"#, expect!["field-twice"]);
    check_field(r#""v":null,"\u0076":1"#, expect!["field-twice"]);
    check_field(r#""w":1,"w":1"#, expect!["} and 2 unknown"]);
}

#[test]
fn escapes_are_undone() {
    check(
        r#"{"m\u0065ter":"\u004d\u0031","time":1,"\u0069mp":5,"relay":"\u006fn","ev":["m\u0061gnet"]}"#,
        expect![[r#"{"meter":"M1","time":1,"imp":5,"ev":[201],"relay":"on"}"#]],
    );
}

#[test]
fn unknown_fields_are_stepped_over_whatever_they_hold() {
    check_field(
        r#""a":[1,[2,{"b":"}\"]"}],-0.5e-3],"c":{},"d":"\ud83d\ude00 ü","e":true,"f2":null"#,
        expect!["} and 5 unknown"],
    );
    check_field(r#""a":[1,]"#, expect!["not-json"]);
    check_field(r#""a":{1:2}"#, expect!["not-json"]);
    check_field(r#""a":"\ud83d""#, expect!["not-json"]);
    check_field(r#""a":"\x""#, expect!["not-json"]);
    check_field(r#""a":01"#, expect!["not-json"]);
    check_field(r#""a":tru"#, expect!["not-json"]);
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth: usize| format!(r#""a":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    check_field(&nested(65), expect!["} and 1 unknown"]);
    check_field(&nested(66), expect!["not-json"]);
    check_field(&nested(30_000), expect!["not-json"]);
}

#[test]
fn numbers_are_those_of_json() {
    for number in ["01", "-", "+1", ".5", "1.", "1.e3", "1e", "0x10", "1.2.3", "--1", "1e1.5", "NaN"] {
        check_field(&format!(r#""v":{number}"#), expect!["not-json"]);
    }
    check_field(r#""v":-0,"i":-0.0,"imp":0"#, expect![[r#","imp":0,"v":0,"i":0}"#]]);
}

#[test]
fn an_object_that_ends_too_soon_is_torn() {
    let line =
        r#"{"meter":"M1","time":1704067200000,"v":[230.1,231,229],"ev":["magnet"],"relay":"on","w":{"a":1}}"#;
    for end in 0..line.len() {
        assert_eq!(decoded(&line.as_bytes()[..end]), "torn", "{}", &line[..end]);
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for line in
        ["[1]", "1", "null", "{'meter':1}", "{]", "x", r#"{"meter":"M1","time":1}}"#, r#"{"meter" "M1"}"#]
    {
        check(line, expect!["not-json"]);
    }
    check(b"{\"meter\":\"M\xff\",\"time\":1}", expect!["not-utf8"]);
    check(b"{\"meter\":\"M1\",\"time\":1,\"n\xff\":1}", expect!["not-utf8"]);
    check(b"{\"meter\":\"M1\",\"time\":1,\"n\":[\"\xc3\"]}", expect!["not-utf8"]);
    check(b"{\"meter\":\"M1\",\"time\":1,\"n\":\"\xc3", expect!["torn"]);
}

#[test]
fn lines_may_end_in_any_way() {
    check_block(
        "\u{feff}{\"meter\":\"M1\",\"time\":1704067200000,\"v\":230}\r\n\n  \r\n{\"meter\":\"M2\",\"time\":1704067200000,\"imp\":12345678}\n\
         { \"meter\" : \"M3\", \"time\" : 1704067200000, \"imp\" : 1, \"x\" : 1 }\n{\"meter\":\"M4\",\"time\":1704067200000,\"imp\":1}",
        expect![[r#"
            M1 from {"meter":"M1","time":1704067200000,"v":230}
            M2 from {"meter":"M2","time":1704067200000,"imp":12345678}
            M3 from { "meter" : "M3", "time" : 1704067200000, "imp" : 1, "x" : 1 }
            M4 from {"meter":"M4","time":1704067200000,"imp":1}
            1 unknown-field
        "#]],
    );
}

#[test]
fn a_torn_object_is_a_dead_letter_with_its_bytes() {
    check_block(
        "{\"meter\":\"M1\",\"time\":1704067200000,\"v\":23\n{\"meter\":\"M2\",\"time\":1704067200000,\"v\":230}\n{\"meter\":\"M3\",\"time\":1,\"v\":230}\n{\"meter\":\"M4\",\"time\":1704067200000}\n",
        expect![[r#"
            M2 from {"meter":"M2","time":1704067200000,"v":230}
            torn: {"meter":"M1","time":1704067200000,"v":23
            time-implausible: {"meter":"M3","time":1,"v":230}
            nothing-measured: {"meter":"M4","time":1704067200000}
        "#]],
    );
}

#[test]
fn no_line_reads_on_into_the_next() {
    check_block(
        "{\"meter\":\"M1\",\"time\":1704067200000,\"v\":\n230}\n{\"meter\":\"M1\",\"time\":1704067200000\n,\"v\":230}\n{\"meter\":\"M\n1\"}",
        expect![[r#"
            torn: {"meter":"M1","time":1704067200000,"v":
            not-json: 230}
            torn: {"meter":"M1","time":1704067200000
            not-json: ,"v":230}
            torn: {"meter":"M
            not-json: 1"}
        "#]],
    );
}

#[test]
fn an_escaped_name_is_appended_to_the_bytes() {
    let block = "{\"meter\":\"\\u004d1\",\"time\":1704067200000,\"v\":230}\n";
    let mut batch = Batch::of_bytes(block);
    decode_lines(&limits(), &mut batch);
    assert_eq!(batch.name(0), b"M1");
    assert_eq!(batch.keys[0].at as usize, block.len());
}

#[test]
fn a_line_beyond_the_longest_is_buried() {
    let line = |length: usize| {
        let short = r#"{"meter":"M1","time":1704067200000,"v":230,"x":""}"#;
        let filler = "x".repeat(length - short.len());
        short.replace(r#""""#, &format!(r#""{filler}""#))
    };
    let block = format!("{}\n{}\n", line(LONGEST_LINE), line(LONGEST_LINE + 1));
    let mut batch = Batch::of_bytes(block);
    decode_lines(&limits(), &mut batch);
    assert_eq!(batch.len(), 1);
    assert_eq!(batch.dead[0].reason, reading::Reason::TooLong);
    assert_eq!(batch.dead[0].span.len as usize, LONGEST_LINE + 1);
}
