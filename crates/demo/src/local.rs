//! Formats numbers and local times for people.

use reading::time::{HOUR, MINUTE};
use reading::{Calendar, EventTime};

/// `Wed 2024-01-31 14:05`
pub fn moment(calendar: &Calendar, time: EventTime) -> String {
    let day = calendar.day(time);
    let weekday = format!("{:?}", day.weekday());
    format!("{} {day} {}", &weekday[..3], clock(calendar, time))
}

/// `31 Jan 14:05`, or ` 5 Jan 14:05` with a space, so that lines below each other align.
pub fn short(calendar: &Calendar, time: EventTime) -> String {
    format!("{:>12}", calendar.day_and_time(time))
}

/// `14:05`
pub fn clock(calendar: &Calendar, time: EventTime) -> String {
    let minute = calendar.minute_of_day(time);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `22 min`, `3 h 5 min`
pub fn span(ms: i64) -> String {
    let minutes = ms.max(0) / MINUTE;
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", ms / HOUR, minutes % 60) }
}

/// Kilowatts: one decimal below 100, none above.
pub fn kilowatts(kw: f64) -> String {
    if kw.abs() < 99.95 { format!("{kw:.1}") } else { format!("{kw:.0}") }
}

/// The words of a text that fit into the width. An ellipsis marks that words were left out.
pub fn fitting(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    // Each word comes with the space after it, where the ellipsis stands if the next word does not fit.
    let mut kept = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        used += word.chars().count();
        if used + 1 > width {
            break;
        }
        kept.push_str(word);
    }
    kept + "…"
}

/// Breaks a text into lines, between words.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    flowed(text.split(' ').map(str::to_owned), " ", width)
}

/// Puts parts one after another into lines. A part is never broken, even if it is wider than a line.
pub fn flowed(parts: impl IntoIterator<Item = String>, between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + between.chars().count() + part.chars().count() <= width => {
                line.push_str(between);
                line.push_str(&part);
            }
            _ => lines.push(part),
        }
    }
    lines
}
