//! What a sample set and a block cost in instructions, by a counter that the board hands over.

use crate::{Meter, Stream};
use core::fmt::{self, Write};
use core::hint::black_box;
use meter_core::Samples;

/// Sample sets that are counted at once, so that the counter's own steps do not matter.
const SETS: usize = 1_000;

/// Writes instructions for a sample set with and without harmonics, for a block and for a reading, and the bytes of the
/// meter's memory. `counter` gives instructions since any moment.
pub fn cost(out: &mut impl Write, counter: impl Fn() -> u64) -> fmt::Result {
    let (mut meter, mut stream) = (Meter::default(), Stream::default());
    let mut sets = [Samples::default(); SETS];
    let mut fill = |sets: &mut [Samples; SETS]| sets.iter_mut().for_each(|set| *set = stream.sample());
    // Harmonics begin with the second block; until then none is measured.
    fill(&mut sets);
    let plain = sample_sets(&mut meter, &sets, &counter);
    let mut blocks = 0u64;
    let (mut block_cost, mut reading_cost) = (0, 0);
    while blocks < 10 {
        fill(&mut sets);
        for set in &sets {
            let Some(block) = meter.push(*set) else { continue };
            let before = counter();
            let reading = meter.block(black_box(&block));
            block_cost += counter() - before;
            blocks += 1;
            if let Some(measured) = reading {
                let before = counter();
                black_box(meter.look(measured).count());
                reading_cost += counter() - before;
            }
        }
    }
    fill(&mut sets);
    let harmonics = sample_sets(&mut meter, &sets, &counter);
    fill(&mut sets);
    let closing = closing(&mut meter, &sets, &mut stream, &counter);
    writeln!(out, "cost sample-set {plain}")?;
    writeln!(out, "cost harmonics {}", harmonics.saturating_sub(plain))?;
    writeln!(out, "cost block-close {closing}")?;
    writeln!(out, "cost block-measure {}", block_cost / blocks)?;
    writeln!(out, "cost reading-rules {}", reading_cost / 2)?;
    writeln!(out, "cost state-bytes {}", size_of::<Meter>())
}

/// Instructions for one of many sample sets, none of which completes a block.
fn sample_sets(meter: &mut Meter, sets: &[Samples; SETS], counter: &impl Fn() -> u64) -> u64 {
    let before = counter();
    for set in sets {
        black_box(meter.push(black_box(*set)).is_some());
    }
    (counter() - before) / SETS as u64
}

/// Instructions of the one sample that completes a block.
fn closing(
    meter: &mut Meter,
    sets: &[Samples; SETS],
    stream: &mut Stream,
    counter: &impl Fn() -> u64,
) -> u64 {
    let mut waiting = sets.iter().copied();
    loop {
        let set = waiting.next().unwrap_or_else(|| stream.sample());
        let before = counter();
        let ended = meter.push(black_box(set)).is_some();
        let taken = counter() - before;
        if ended {
            return taken;
        }
    }
}
