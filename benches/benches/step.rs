//! Decode, admit, step: where the time of a reading goes. The number that matters is `cargo bench -p benches -- step`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleet::{Fleet, Shard};
use grid::Topology;
use pipeline::{Input, Outputs, Pipeline, Plan};
use reading::Batch;
use std::hint::black_box;

const METERS: u32 = 20_000;
const QUARTERS: u32 = 8;

fn batches(plan: &Plan, text: &[u8]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let block = &rest[..rest.len().min(256 * 1024)];
        let end = memchr::memrchr(b'\n', block).map_or(block.len(), |at| at + 1);
        let mut batch = Batch::of_bytes(&block[..end]);
        wire::json::decode_lines(&plan.limits, &mut batch);
        batches.push(batch);
        rest = &rest[end..];
    }
    batches
}

fn all(c: &mut Criterion) {
    let plan = Plan::read(benches::J1).expect("the plan is part of the project");
    let text = benches::lines(benches::readings(METERS, QUARTERS));
    let batches = batches(&plan, &text);
    let readings = u64::from(METERS * QUARTERS);
    let mut group = c.benchmark_group("j1");
    group.throughput(Throughput::Elements(readings)).sample_size(10);
    group.bench_function("bare loop", |b| b.iter(|| black_box(benches::bare::run(&text, METERS as usize))));
    group.bench_function("decode", |b| {
        let mut batch = Batch::default();
        b.iter(|| {
            batch.clear();
            batch.bytes.extend_from_slice(&text);
            wire::json::decode_lines(&plan.limits, &mut batch);
            black_box(batch.len())
        });
    });
    group.bench_function("admit", |b| {
        b.iter(|| {
            let mut fleet = Fleet::new(plan.intervals.clone(), Shard::WHOLE);
            // One hour of readings, so that no interval closes in between.
            for batch in &batches[..batches.len() / 2] {
                fleet.admit(batch, 0..batch.len(), &mut Vec::new());
            }
            black_box(fleet.len())
        });
    });
    for (name, text_of_plan) in [("step", benches::J1), ("step, all stages", benches::DEMO)] {
        let plan = Plan::read(text_of_plan).expect("the plan is part of the project");
        group.bench_function(name, |b| {
            b.iter(|| {
                let topology = Topology::new(Vec::new()).expect("no rows cannot contradict each other");
                let mut pipeline =
                    Pipeline::new(&plan, topology).expect("an empty topology has no contradictions");
                let mut out = Outputs::default();
                pipeline.step(&Input::Open { partition: 0, first: None }, &mut out);
                for batch in &batches {
                    pipeline.step(&Input::Readings { partition: 0, batch, from: 0 }, &mut out);
                }
                pipeline.step(&Input::End { partition: 0 }, &mut out);
                pipeline.finish(&mut out);
                black_box(out.intervals.len())
            });
        });
    }
    group.finish();
}

criterion_group!(step, all);
criterion_main!(step);
