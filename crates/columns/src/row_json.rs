//! One row of known columns as the JSON of a reading: what stands in a dead letter, where there were never any bytes.

use crate::field::{Field, Layout, is_text};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use std::io::Write;

/// Longer text is cut: one huge name, shared by all rows through a dictionary, must not become one a row.
const LONGEST_TEXT: usize = 256;
/// As are lists.
const LONGEST_LIST: usize = 64;

/// A quantity as a whole, and its phases.
const PHASED: [[Field; 4]; 4] = [
    [Field::V, Field::VA, Field::VB, Field::VC],
    [Field::I, Field::IA, Field::IB, Field::IC],
    [Field::P, Field::PA, Field::PB, Field::PC],
    [Field::Q, Field::QA, Field::QB, Field::QC],
];

/// Appends the row as a line of JSON would say it, so that it can be read again once its fault is mended. Absent fields
/// are left out; timestamps stand as they were where they are no whole milliseconds.
pub(crate) fn write(layout: &Layout, rows: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    let at = |field: Field| {
        let column = rows.column(layout.at(field)?);
        column.is_valid(row).then(|| column.slice(row, 1))
    };
    out.push(b'{');
    let start = out.len();
    for (field, _) in layout.known() {
        let Some(one) = at(field) else { continue };
        let phased = PHASED.iter().find(|all| all.contains(&field));
        let Some((name, all)) = said(field, one, phased.map(|all| (all[0], all.map(at)))) else { continue };
        if out.len() > start {
            out.push(b',');
        }
        text(name.name(), out);
        out.push(b':');
        match &all[..] {
            [one] => value(field, one, out),
            several => {
                for (index, one) in several.iter().enumerate() {
                    out.push(if index == 0 { b'[' } else { b',' });
                    value(field, one, out);
                }
                out.push(b']');
            }
        }
    }
    out.push(b'}');
}

/// The name and the values under which a line of JSON has a column; nothing if an earlier column has said it.
///
/// Phases that are no reading, such as two of three, stand under the names of their columns.
fn said(
    field: Field,
    one: ArrayRef,
    phased: Option<(Field, [Option<ArrayRef>; 4])>,
) -> Option<(Field, Vec<ArrayRef>)> {
    match phased {
        Some((whole, [None, Some(a), Some(b), Some(c)])) => {
            matches!(field, Field::VA | Field::IA | Field::PA | Field::QA).then(|| (whole, vec![a, b, c]))
        }
        Some((whole, [None, Some(a), None, None])) => Some((whole, vec![a])),
        _ => Some((field, vec![one])),
    }
}

/// The only value of a column of one row.
fn value(field: Field, one: &ArrayRef, out: &mut Vec<u8>) {
    let found = one.data_type();
    match found {
        DataType::Boolean => {
            // The only column of this type is the relay.
            text(if one.as_boolean().value(0) { "on" } else { "off" }, out);
        }
        DataType::UInt64 => number(out, one.as_primitive::<UInt64Type>().value(0)),
        DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..) => match cast(one, &DataType::Float64) {
            Ok(wide) => float(wide.as_primitive::<Float64Type>().value(0), out),
            Err(_) => out.extend_from_slice(b"null"),
        },
        DataType::Timestamp(..) => {
            // Milliseconds, or nothing where they do not fit: the row is dead for another time than that anyway.
            match cast(one, &crate::field::timestamp()).and_then(|ms| cast(&ms, &DataType::Int64)) {
                Ok(ms) if ms.is_valid(0) => number(out, ms.as_primitive::<Int64Type>().value(0)),
                _ => out.extend_from_slice(b"null"),
            }
        }
        DataType::List(_) => list(field, &one.as_list::<i32>().value(0), out),
        DataType::LargeList(_) => list(field, &one.as_list::<i64>().value(0), out),
        _ if is_text(found) => match cast(one, &DataType::Utf8) {
            Ok(plain) if plain.is_valid(0) => text(plain.as_string::<i32>().value(0), out),
            _ => out.extend_from_slice(b"null"),
        },
        _ => match cast(one, &DataType::Int64) {
            Ok(whole) if whole.is_valid(0) => number(out, whole.as_primitive::<Int64Type>().value(0)),
            _ => out.extend_from_slice(b"null"),
        },
    }
}

fn list(field: Field, all: &ArrayRef, out: &mut Vec<u8>) {
    out.push(b'[');
    for index in 0..all.len().min(LONGEST_LIST) {
        if index > 0 {
            out.push(b',');
        }
        if all.is_null(index) {
            out.extend_from_slice(b"null");
        } else {
            value(field, &all.slice(index, 1), out);
        }
    }
    out.push(b']');
}

/// JSON knows no infinity, so that one is text.
fn float(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() { number(out, value) } else { text(&value.to_string(), out) }
}

fn number(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("a vector takes all bytes");
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for letter in text.chars().take(LONGEST_TEXT) {
        match letter {
            '"' | '\\' => out.extend_from_slice(&[b'\\', letter as u8]),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", control as u32).expect("a vector takes all bytes");
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
