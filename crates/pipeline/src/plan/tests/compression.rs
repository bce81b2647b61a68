//! How Parquet files are compressed.

use super::*;

#[test]
fn a_compression_has_a_name_and_perhaps_a_level() {
    let read = |text: &str| Plan::read(&DEMO.replacen("\"zstd\"  ", text, 1)).unwrap().compression;
    assert_eq!(read("\"none\""), Compression::None);
    assert_eq!(read("\"snappy\""), Compression::Snappy);
    assert_eq!(read("\"zstd\""), Compression::Zstd(None));
    assert_eq!(read("\"zstd:1\""), Compression::Zstd(Some(1)));
    assert_eq!(read("\"zstd:22\""), Compression::Zstd(Some(22)));
    let without = Plan::read(&DEMO[..DEMO.find("[output]").unwrap()]).unwrap();
    assert_eq!(without.compression, Compression::USUAL);
    for compression in
        [Compression::None, Compression::Snappy, Compression::USUAL, Compression::Zstd(Some(7))]
    {
        assert_eq!(Compression::named(&compression.to_string()), Ok(compression));
    }
}

#[test]
fn a_compression_that_is_not_there_is_named_with_one_that_is() {
    check(
        "\"zstd\"  ",
        "\"gzip\"",
        expect![[r#"
            error[plan::choice]: `compression` must be "none", "snappy", "zstd" or "zstd:LEVEL", found "gzip"
              --> demo.toml:97:15
               | compression = "gzip"        # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: try `compression = "zstd"`
        "#]],
    );
    check(
        "\"zstd\"  ",
        "\"zstd:99\"",
        expect![[r#"
            error[plan::choice]: `compression` must have a level of zstd from 1 to 22, found "99"
              --> demo.toml:97:15
               | compression = "zstd:99"        # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: try `compression = "zstd:19"`
        "#]],
    );
    for wrong in ["zstd:0", "zstd:", "zstd:-1", "zstd:one"] {
        assert!(matches!(Compression::named(wrong), Err(WrongCompression::Level(_))), "{wrong}");
    }
    for wrong in ["", "ZSTD", "lz4", "snappy:1", "none:0"] {
        assert_eq!(Compression::named(wrong), Err(WrongCompression::Name(wrong.to_owned())));
    }
    check(
        "compression =",
        "compresion =",
        expect![[r#"
            error[plan::key]: unknown field `compresion`, expected one of `compression`, `intervals`, `transactional`
              --> demo.toml:97:1
               | compresion = "zstd"          # of Parquet files: "none", "snappy", "zstd" or "zstd:LEVEL" (1 to 22)
              help: each key is explained in pipelines/demo.toml or ami.toml
        "#]],
    );
}
