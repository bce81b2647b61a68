use super::*;

#[test]
fn a_cause_is_kept_when_all_brokers_are_down() {
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
fn the_same_trouble_is_logged_once_in_a_while() {
    let client_log = ClientLog::default();
    assert_eq!(client_log.repeats_if_due("a"), Some(0));
    assert_eq!(client_log.repeats_if_due("a"), None);
    assert_eq!(client_log.repeats_if_due("b"), Some(0));
    assert_eq!(client_log.repeats_if_due("a"), None);
    assert_eq!(client_log.reports().logged["a"].1, 2);
}

#[test]
fn settings_of_the_other_kind_of_client_are_no_trouble() {
    let config = |text| is_meant_for_another("CONFWARN", text);
    assert!(config(
        "[thrd:app]: Configuration property session.timeout.ms is a consumer property and will be ignored by this producer instance"
    ));
    assert!(!config("[thrd:app]: Configuration property queue.buffering.max.ms is deprecated"));
}
