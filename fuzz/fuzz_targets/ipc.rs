//! Any bytes as an Arrow IPC message: readings with names, or dead letters with their bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reading::{Batch, Limits};
use units::{Milliamperes, Millivolts, Milliwatts};

fuzz_target!(|message: &[u8]| {
    let limits =
        Limits { v_max: Millivolts(600_000), i_max: Milliamperes(200_000), p_max: Milliwatts(200_000_000) };
    let mut batch = Batch::default();
    columns::ipc::decode(message, &limits, &mut batch);
    assert_eq!(batch.keys.len(), batch.len());
    for index in 0..batch.len() {
        batch.meter(index);
    }
    for dead in &batch.dead {
        batch.text(dead.span);
    }
});
