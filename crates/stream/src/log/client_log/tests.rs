use super::*;

#[test]
fn why_a_broker_is_down_says_more_than_that_all_are() {
    let client_log = ClientLog::muted();
    let down = |text: &str| client_log.error(KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), text);
    down("1/1 brokers are down");
    client_log.error(KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "Connection refused");
    down("1/1 brokers are down");
    assert!(client_log.is_hopeless());
    assert_eq!(client_log.take_trouble().unwrap().text, "Connection refused");
    assert_eq!(client_log.take_trouble(), None);
}

#[test]
fn the_same_trouble_is_told_once_in_a_while() {
    let client_log = ClientLog::default();
    assert_eq!(client_log.turn("a"), Some(0));
    assert_eq!(client_log.turn("a"), None);
    assert_eq!(client_log.turn("b"), Some(0));
    assert_eq!(client_log.turn("a"), None);
    assert_eq!(client_log.heard().logged["a"].1, 2);
}

#[test]
fn settings_of_the_other_kind_of_client_are_no_trouble() {
    let config = |text| is_meant_for_another("CONFWARN", text);
    assert!(config(
        "[thrd:app]: Configuration property session.timeout.ms is a consumer property and will be ignored by this producer instance"
    ));
    assert!(!config("[thrd:app]: Configuration property queue.buffering.max.ms is deprecated"));
}
