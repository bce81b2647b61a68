use super::pdu::{Body, Deliver, Pdu, PduError};
use super::*;
use expect_test::expect;
use outbox::{MessageId, Receipt, Ticket};
use proptest::prelude::*;

fn submission(text: &str, part: u16) -> Submission {
    let parts = parts_of(text);
    let (id, line) = (MessageId("m".to_owned()), "+919810000001".to_owned());
    Submission { ticket: Ticket(1), gateway: 0, id, number: 258, line, text: text.to_owned(), part, parts }
}

fn hex(pdu: &Pdu) -> String {
    let mut bytes = Vec::new();
    pdu.write(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn messages_are_the_bytes_of_the_standard() {
    let submit = Body::SubmitSm(submit_of(&submission("M1 [€]", 0), &Address::of_sender("GRIDWN"), None));
    expect!["0000003c00000004000000000000000700050047524944574e00010139313938313030303030303100000000000001000000094d31201b3c1b651b3e"]
        .assert_eq(&hex(&Pdu::new(7, submit)));
    let bind = Body::BindTransceiver {
        system_id: "ab".to_owned(),
        password: "pw".to_owned(),
        system_type: String::new(),
    };
    expect!["0000001b0000000900000000000000016162007077000034000000"].assert_eq(&hex(&Pdu::new(1, bind)));
}

#[test]
fn a_long_message_has_a_header_that_joins_its_parts() {
    let text = "ज".repeat(100);
    let source = Address::of_sender("+91");
    let all: Vec<Submit> = (0..2).map(|part| submit_of(&submission(&text, part), &source, None)).collect();
    assert_eq!(all[0].message[..6], [5, 0, 3, 2, 2, 1]);
    assert_eq!(all[1].message[..6], [5, 0, 3, 2, 2, 2]);
    assert_eq!((all[0].message.len(), all[1].message.len()), (6 + 134, 6 + 66));
    assert_eq!((all[0].esm_class, all[0].data_coding), (0x40, 8));
}

#[test]
fn a_registered_message_carries_its_ids() {
    let entry = Entry { entity: "1101160000000012345", template: "1107160000000054321", values: vec![] };
    let submit = submit_of(&submission("M1", 0), &Address::of_sender("GRIDWN"), Some(&entry));
    let bytes = hex(&Pdu::new(7, Body::SubmitSm(submit)));
    expect![
        "4d3114000013313130313136303030303030303031323334351401001331313037313630303030303030303534333231"
    ]
    .assert_eq(&bytes[bytes.len() - 96..]);
}

#[test]
fn a_status_says_whether_to_try_again() {
    let answer = |status| answer_of(status, "r".to_owned());
    assert!(matches!(answer(0), Answer::Accepted { .. }));
    assert!(matches!((answer(0x58), answer(0x14)), (Answer::Throttled, Answer::Throttled)));
    assert!(matches!(answer(0x08), Answer::NotNow { .. }));
    assert!(matches!(answer(0x0b), Answer::Never { .. }));
}

fn receipt(text: &str, receipted: Option<&str>, state: Option<u8>) -> Option<Option<(String, Receipt)>> {
    let receipted = receipted.map(str::to_owned);
    read_receipt(&Deliver {
        esm_class: 4,
        message: text.as_bytes().to_vec(),
        receipted,
        state,
        ..Deliver::default()
    })
}

#[test]
fn a_receipt_is_read_from_its_text_or_its_parameters() {
    let text = "id:7f3a sub:001 dlvrd:001 submit date:2401051200 done date:2401051201 stat:DELIVRD err:000 text:id:9";
    assert_eq!(receipt(text, None, None), Some(Some(("7f3a".to_owned(), Receipt::Delivered))));
    assert_eq!(receipt("", Some("9"), Some(2)), Some(Some(("9".to_owned(), Receipt::Delivered))));
    let failed = |reason: &str| Some(Some(("9".to_owned(), Receipt::Failed { reason: reason.to_owned() })));
    assert_eq!(receipt("ID:9 stat:UNDELIV err:027", None, None), failed("could not be delivered, error 027"));
    assert_eq!(receipt("id:9 stat:REJECTD err:000", None, None), failed("rejected"));
    assert_eq!(receipt("id:9 stat:ENROUTE", None, None), Some(None));
    assert_eq!(receipt("stat:DELIVRD", None, None), None);
    assert_eq!(read_receipt(&Deliver { message: b"id:9 stat:DELIVRD".to_vec(), ..Deliver::default() }), None);
}

#[test]
fn a_password_is_never_shown() {
    assert_eq!(format!("{:?}", crate::Secret::new("secret")), "(hidden)");
}

#[test]
fn lengths_that_no_message_has_are_refused() {
    let read = |length: u32| {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0; 12]);
        Pdu::read(&bytes)
    };
    assert_eq!(read(15), Err(PduError::Length { found: 15 }));
    assert_eq!(read(u32::MAX), Err(PduError::Length { found: u32::MAX }));
    assert_eq!(read(17), Ok(None));
}

fn address() -> impl Strategy<Value = Address> {
    (0_u8..7, 0_u8..19, "[0-9A-Za-z]{0,20}").prop_map(|(ton, npi, text)| Address { ton, npi, text })
}

fn bodies() -> impl Strategy<Value = Body> {
    let message = || prop::collection::vec(any::<u8>(), 0..255);
    let registered = || prop::option::of(("[0-9]{19}", "[0-9]{19}"));
    let submit = (address(), address(), any::<[u8; 3]>(), message(), registered()).prop_map(
        |(source, destination, flags, message, registered)| {
            let [esm_class, registered_delivery, data_coding] = flags;
            Body::SubmitSm(Submit {
                source,
                destination,
                esm_class,
                registered_delivery,
                data_coding,
                message,
                registered,
            })
        },
    );
    let id = || prop::option::of("[0-9a-f]{1,40}");
    let deliver = (address(), any::<[u8; 2]>(), message(), id(), any::<Option<u8>>());
    let deliver = deliver.prop_map(|(source, [esm_class, data_coding], message, receipted, state)| {
        Body::DeliverSm(Box::new(Deliver { source, esm_class, data_coding, message, receipted, state }))
    });
    prop_oneof![
        submit,
        deliver,
        "[0-9a-z]{0,30}".prop_map(|message_id| Body::SubmitSmResp { message_id }),
        Just(Body::BindTransceiverResp),
        Just(Body::DeliverSmResp),
        Just(Body::EnquireLink),
        Just(Body::EnquireLinkResp),
        Just(Body::Unbind),
        Just(Body::UnbindResp),
        Just(Body::GenericNack),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(body in bodies(), status in 0_u32..300, sequence in any::<u32>(), cut in 0_usize..300) {
        let pdu = Pdu { status, sequence, body };
        let mut bytes = Vec::new();
        pdu.write(&mut bytes);
        let length = bytes.len();
        prop_assert_eq!(Pdu::read(&bytes[..cut.min(length - 1)]), Ok(None));
        bytes.extend_from_slice(b"more");
        prop_assert_eq!(Pdu::read(&bytes), Ok(Some((pdu, length))));
    }

    #[test]
    fn any_bytes_are_a_message_or_a_reason(mut bytes in prop::collection::vec(any::<u8>(), 16..300), command in 0_u32..0x20) {
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        let response = if bytes[4] & 1 == 1 { 0x8000_0000 } else { 0 };
        bytes[4..8].copy_from_slice(&(command | response).to_be_bytes());
        if let Ok(read) = Pdu::read(&bytes) {
            prop_assert!(read.is_some_and(|(_, taken)| taken == bytes.len()));
        }
    }
}
