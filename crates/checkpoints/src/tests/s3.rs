//! Tests against an S3 server with a bucket `gridwarden`. `scripts/s3-check` starts it.

use super::*;
use object_store::aws::AmazonS3Builder;
use std::time::Instant;

fn numbers(newest: &Newest) -> Vec<u64> {
    newest.chain.iter().map(|(piece, _)| piece.position).collect()
}

#[test]
#[ignore = "needs a server: scripts/s3-check"]
fn s3_keeps_pieces() {
    let store = Store::open("s3://gridwarden/town/state/").unwrap();
    assert!(store.newest(&subject(), None).unwrap().chain.is_empty());
    assert_eq!(store.size(&subject()).unwrap(), 0);
    store.prune(&subject(), u64::MAX, 1).unwrap();
    // 21 MB are uploaded in three parts.
    let large: Vec<u8> =
        (0..21_000_000_u32).map(|byte| byte.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let sizes = [
        store.write(&piece(10, None), b"ten").unwrap(),
        store.write(&piece(12, Some(10)), b"twelve").unwrap(),
        store.write(&piece(20, None), &large).unwrap(),
        store.write(&piece(22, Some(20)), b"").unwrap(),
    ];
    assert_eq!(store.size(&subject()).unwrap(), sizes.iter().sum::<u64>());
    // Another process finds the same pieces.
    let store = Store::open("s3://gridwarden/town/state").unwrap();
    let newest = store.newest(&subject(), None).unwrap();
    assert_eq!(numbers(&newest), [20, 22]);
    assert!(newest.chain[0].1 == large && newest.passed_over.is_empty());
    assert_eq!(numbers(&store.newest(&subject(), Some(12)).unwrap()), [10, 12]);
    assert!(Store::open("s3://gridwarden/other").unwrap().newest(&subject(), None).unwrap().chain.is_empty());

    // A foreign object under the name of the newest piece.
    let strange = store.object(&subject(), piece(30, None).name());
    for bytes in [vec![], b"something else".to_vec()] {
        store.0.runtime.block_on(store.0.place.objects.put(&strange, bytes.into())).unwrap();
        let newest = store.newest(&subject(), None).unwrap();
        assert_eq!(numbers(&newest), [20, 22]);
        assert_eq!(
            newest.passed_over[0].0,
            "s3://gridwarden/town/state/topics/readings/00003/00000000000000000030.full"
        );
    }
    store.write(&piece(40, None), b"forty").unwrap();
    store.prune(&subject(), u64::MAX, 1).unwrap();
    assert_eq!(store.list(&subject()).unwrap().into_keys().map(short).collect::<Vec<_>>(), ["40"]);
    store.lock().unwrap();
    store.lock().unwrap();
}

#[test]
#[ignore = "needs a server: scripts/s3-check"]
fn s3_without_the_bucket_is_reported() {
    let Err(error) = Store::open("s3://missing/state") else { panic!("opened") };
    expect![[r#"
        error: cannot open the store of checkpoints
          cause: cannot list s3://missing/state: the folder or the bucket does not exist
          cause: NoSuchBucket: The specified bucket does not exist
    "#]]
    .assert_eq(&page(&error, error.help()));
}

#[test]
#[ignore = "beside the others: scripts/s3-check"]
fn s3_that_does_not_answer_is_reported_soon() {
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    let begun = Instant::now();
    // No server listens on port 1.
    let service = AmazonS3Builder::from_env().with_endpoint("http://127.0.0.1:1").with_allow_http(true);
    let place = Place::bucket(service, "gridwarden/state", "s3://gridwarden/state".to_owned()).unwrap();
    let Err(error) = Store::over(place) else { panic!("opened") };
    expect![[r#"
        error: cannot open the store of checkpoints
          cause: cannot list s3://gridwarden/state
          cause: Connection refused (os error 111)
    "#]]
    .assert_eq(&page(&error, error.help()));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
