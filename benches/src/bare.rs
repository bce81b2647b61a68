//! The bare loop: it knows the order of the fields, checks nothing, and adds to a plain array. No engine can be faster.
//!
//! It has no watermark, no repeats, no registers across intervals and no outputs. It reads the index of a meter from
//! its digits and looks up no name. So it takes only the time to read the text and to touch the memory.

use std::hint::black_box;

#[derive(Clone, Copy, Default)]
struct Cell {
    hour: i64,
    count: u32,
    p: i64,
    p_max: i64,
    q: i64,
    i: i64,
    imbalance: i64,
    imbalance_max: i64,
    wh_last: i64,
}

#[derive(Clone, Copy, Default)]
struct Row {
    meter: usize,
    time: i64,
    imp: i64,
    i: i64,
    neutral: i64,
    p: i64,
    q: i64,
}

/// Adds the readings of all lines to cells for `meters` meters. Returns a sum that depends on every reading.
pub fn run(text: &[u8], meters: usize) -> i64 {
    let mut cells = vec![[Cell::default(); 2]; meters];
    let mut rows = [Row::default(); 256];
    let mut rest = text;
    while !rest.is_empty() {
        let mut count = 0;
        while count < rows.len() && !rest.is_empty() {
            rest = parse(rest, &mut rows[count]);
            count += 1;
        }
        let rows = &rows[..count];
        let mut touched = 0;
        for row in rows {
            touched ^= cells[row.meter][0].hour;
        }
        black_box(touched);
        for row in rows {
            add(&mut cells[row.meter], row);
        }
    }
    cells
        .iter()
        .flatten()
        .map(|cell| cell.p + cell.p_max + cell.q + cell.i + cell.imbalance_max + cell.wh_last)
        .sum()
}

fn add(cells: &mut [Cell; 2], row: &Row) {
    let hour = (row.time - 1) / 3_600_000;
    let cell = &mut cells[(hour & 1) as usize];
    if cell.hour != hour {
        *cell = Cell { hour, ..Cell::default() };
    }
    let apart = (row.i - row.neutral).abs();
    cell.count += 1;
    cell.p += row.p;
    cell.p_max = cell.p_max.max(row.p);
    cell.q += row.q;
    cell.i += row.i;
    cell.imbalance += apart;
    cell.imbalance_max = cell.imbalance_max.max(apart);
    cell.wh_last = row.imp;
}

/// `{"meter":"M0000001","time":..,"imp":..,"v":..,"i":..,"in":..,"p":..,"q":..,"seq":..}`
fn parse<'a>(line: &'a [u8], row: &mut Row) -> &'a [u8] {
    let mut rest = &line[11..];
    row.meter = whole(&mut rest) as usize;
    rest = &rest[9..];
    row.time = whole(&mut rest);
    rest = &rest[7..];
    row.imp = whole(&mut rest);
    rest = &rest[5..];
    thousandths(&mut rest);
    rest = &rest[5..];
    row.i = thousandths(&mut rest);
    rest = &rest[6..];
    row.neutral = thousandths(&mut rest);
    rest = &rest[5..];
    row.p = thousandths(&mut rest);
    rest = &rest[5..];
    row.q = thousandths(&mut rest);
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len() - 1);
    &rest[end + 1..]
}

fn whole(rest: &mut &[u8]) -> i64 {
    let mut value = 0;
    while let Some((digit, after)) = rest.split_first()
        && digit.is_ascii_digit()
    {
        value = value * 10 + i64::from(digit - b'0');
        *rest = after;
    }
    value
}

fn thousandths(rest: &mut &[u8]) -> i64 {
    let mut value = whole(rest) * 1000;
    if rest.first() == Some(&b'.') {
        *rest = &rest[1..];
        let before = rest.len();
        let fraction = whole(rest);
        value += fraction * [1000, 100, 10, 1][before - rest.len()];
    }
    value
}
