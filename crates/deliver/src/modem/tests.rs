use super::*;
use outbox::{MessageId, Ticket};

fn submission(text: &str, part: u16, parts: u16) -> Submission {
    let (id, line) = (MessageId("m".to_owned()), "+46708251358".to_owned());
    Submission { ticket: Ticket(1), gateway: 0, id, number: 258, line, text: text.to_owned(), part, parts }
}

#[test]
fn a_message_is_the_bytes_of_the_standard() {
    // The example of every book about PDU mode, here without a validity period.
    let (bytes, pdu) = pdu::submit(&submission("hellohello", 0, 1));
    assert_eq!((bytes, pdu.as_str()), (22, "0001000B916407281553F800000AE8329BFD4697D9EC37"));
    let (bytes, pdu) = pdu::submit(&submission("जी", 0, 1));
    assert_eq!((bytes, pdu.as_str()), (17, "0001000B916407281553F8000804091C0940"));
}

#[test]
fn the_septets_of_a_part_begin_behind_its_header() {
    let text = "a".repeat(161);
    let (bytes, pdu) = pdu::submit(&submission(&text, 1, 2));
    // Header of six bytes, one bit to fill, eight letters.
    let data = "0F050003020202C2E170381C0E8701";
    assert!(pdu.starts_with("0041000B916407281553F80000") && pdu.ends_with(data), "{pdu}");
    assert_eq!(bytes, pdu.len() / 2 - 1);
    let (bytes, _) = pdu::submit(&submission(&text, 0, 2));
    assert_eq!(bytes, 2 + 8 + 2 + 1 + 140);
}

#[test]
fn only_what_is_wrong_with_the_message_itself_is_given_up() {
    let answer = |line: &str| match refused(&Said { lines: vec![line.to_owned()], is_ok: false }) {
        Answer::Never { reason } => format!("never: {reason}"),
        Answer::NotNow { reason } => format!("not now: {reason}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(answer("+CMS ERROR: 21"), "never: the modem answered error 21");
    assert_eq!(answer("+CMS ERROR: 331"), "not now: the modem answered error 331");
    assert_eq!(answer("ERROR"), "not now: the modem answered an error");
}

#[test]
fn a_list_has_what_phones_sent_and_not_what_we_did() {
    let lines = "+CMGL: 1,1,,23|00040C9119890000001000006210119070000003D56911|+CMGL: 3,2,,23|0011|+CMGL: 7,0,,2|0006|OK";
    let lines: Vec<String> = lines.split('|').map(str::to_owned).collect();
    let sent = Some(("+919800000001".to_owned(), "USE".to_owned()));
    assert_eq!(listed(&lines), [(1, sent), (7, None)]);
}
