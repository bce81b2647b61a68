use super::Span;

/// What a span is read as, and how it is written again.
fn check(text: &str, expected: &str) {
    let read = text.parse::<Span>().map_or_else(|wrong| wrong, |span| format!("{span:?} {span}"));
    assert_eq!(read, expected, "{text}");
}

#[test]
fn spans_are_read_and_written() {
    check("15m", "Fixed(900000) 15m");
    check("15 min", "Fixed(900000) 15m");
    check("1.5h", "Fixed(5400000) 90m");
    check("1d", "Fixed(86400000) 1d");
    check("2w", "Fixed(1209600000) 14d");
    check("1mo", "Months(1) 1mo");
}

#[test]
fn what_is_no_span_is_named() {
    for text in ["", "5", "m", "0h", "-1d", "1y", "0mo", "-1w", "0.5ms", "99999999999d", "9999999999999w"] {
        check(text, &format!("`{text}` is no span: write 15m, 6h, 1d, 1w or 1mo"));
    }
}
