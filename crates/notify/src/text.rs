//! The words of an SMS: what was measured, and a request to check. Never a word about why.

use crate::SmsText;
use crate::notifier::Held;
use cases::Alert;
use reading::Calendar;

/// How many meters a digest names; the others are counted.
pub(crate) const NAMED: usize = 3;

/// One alert, one SMS. Meter, what was seen and since when always stand in it; transformer and area if they fit.
pub(crate) fn single(alert: &Alert, calendar: &Calendar) -> SmsText {
    let mut first = format!("Please check meter {}", alert.meter);
    if let Some(evidence) = alert.evidence.first() {
        first += &format!(": {} since {}.", evidence.in_short(), calendar.day_and_time(evidence.since));
    }
    let others = [
        alert.transformer.map(|transformer| format!(" Transformer {transformer}.")),
        alert.area.map(|area| format!(" Area {area}.")),
    ];
    let others: Vec<String> = others.into_iter().flatten().collect();
    SmsText::fit(&first, &others)
}

/// What had to wait, in one SMS: the first few by name, the others as a number. Returns how many it names too.
pub(crate) fn digest(held: &[Held], more: u32) -> (SmsText, usize) {
    let total = held.len() + more as usize;
    let meters = if total == 1 { "meter" } else { "meters" };
    // Long names may not fit: as many as do are named, at least one, and the number says how many are not.
    let named_of = |named: usize| {
        let names: Vec<String> =
            held[..named].iter().map(|one| format!("{} ({})", one.meter, one.words)).collect();
        let rest = total - named;
        let rest = if rest > 0 { format!(" +{rest} more") } else { String::new() };
        format!("Please check {total} {meters}: {}{rest}.", names.join(", "))
    };
    let fitting = (1..=held.len().min(NAMED))
        .rev()
        .find_map(|named| Some((SmsText::new(&named_of(named)).ok()?, named)));
    fitting.unwrap_or_else(|| {
        let named = held.len().min(1);
        (SmsText::fit(&named_of(named), &[]), named)
    })
}
