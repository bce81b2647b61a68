use super::*;

#[test]
fn splitmix_gives_its_published_numbers() {
    // The first outputs of the reference implementation (Vigna, splitmix64.c) for the state 1234567.
    let mut random = Random(1_234_567);
    let got = [random.bits(), random.bits(), random.bits()];
    assert_eq!(got, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn streams_of_neighbours_have_nothing_in_common() {
    let first = |stream, index| Random::stream(7, stream, index).bits();
    let mut all: Vec<u64> =
        (0..1000).flat_map(|index| [first(Stream::Load, index), first(Stream::Traits, index)]).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 2000);
}

#[test]
fn units_fill_the_range_evenly() {
    let mut random = Random::stream(1, Stream::Load, 0);
    let mean = (0..10_000).map(|_| random.unit()).sum::<f64>() / 10_000.0;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
    assert!((0..10_000).all(|_| random.below(7) < 7));
}
