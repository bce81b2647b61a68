use super::*;

fn limits() -> Limits {
    pipeline::Plan::read(include_str!("../../../../../pipelines/j1.toml")).unwrap().limits
}

/// The names of the meters that a parcel holds, and how many dead letters.
fn decoded(parcel: &mut Parcel) -> (Vec<String>, usize) {
    let (mut batch, mut dead) = (Batch::default(), Vec::new());
    parcel.decode(0, &limits(), &mut batch, &mut dead);
    ((0..batch.len()).map(|at| batch.meter(at).to_string()).collect(), dead.len() + batch.dead.len())
}

#[test]
fn an_emptied_parcel_keeps_nothing() {
    let empties = Empties::default();
    let mut parcel = empties.take(MessageFormat::Json);
    parcel.push(7, Some(5), Some(br#"{"meter":"A","time":1704067200000,"imp":1}"#));
    parcel.push(8, None, None);
    assert_eq!(decoded(&mut parcel), (vec!["A".to_owned()], 1));
    empties.give(parcel);
    // This parcel is given back without decoding.
    let mut parcel = empties.take(MessageFormat::Json);
    parcel.push(9, Some(6), Some(b"{"));
    empties.give(parcel);
    let mut parcel = empties.take(MessageFormat::Frame);
    assert_eq!(parcel.format(), MessageFormat::Frame);
    assert_eq!((parcel.len(), parcel.messages(), parcel.next(), parcel.newest_ms()), (0, 0, 0, i64::MIN));
    assert_eq!(decoded(&mut parcel), (Vec::new(), 0));
}

#[test]
fn few_and_small_parcels_are_kept() {
    let empties = Empties::default();
    let mut large = empties.take(MessageFormat::Json);
    large.push(1, None, Some(&vec![b' '; MOST_BYTES + 1]));
    empties.give(large);
    assert_eq!(empties.0.lock().unwrap().len(), 0);
    let many: Vec<Parcel> = (0..2 * MOST_EMPTIES).map(|_| empties.take(MessageFormat::Json)).collect();
    many.into_iter().for_each(|parcel| empties.give(parcel));
    assert_eq!(empties.0.lock().unwrap().len(), MOST_EMPTIES);
}
