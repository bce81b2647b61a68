//! When forecasts are issued, and how far each reaches.

use crate::cli::Backtest;
use crate::file::Stamp;
use crate::span::Span;
use forecast::ahead::DAY;
use shell::Failure;

/// A moment of issue, and the end of its horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// When the forecast is issued, which is where it begins.
    pub issued: i64,
    /// Where it ends.
    pub end: i64,
    /// Whether it is one of those from FROM to TO.
    pub is_asked: bool,
}

/// The longest horizon: a model is fitted for each day of it.
const LONGEST: i64 = 62 * DAY;
/// More origins than this are a slip of the keyboard.
const MOST: usize = 1_000_000;

/// The step, in milliseconds.
pub fn step(args: &Backtest) -> Result<i64, Failure> {
    match args.load.step {
        Span::Fixed(step) if step <= DAY && DAY % step == 0 => Ok(step),
        _ => Err(Failure::wrong(
            format!("`--step {}` does not divide a day", args.load.step),
            "write a step such as 15m, 30m, 1h or 1d",
        )),
    }
}

/// All origins: FROM + k x every, before TO.
pub fn origins(args: &Backtest) -> Result<Vec<Origin>, Failure> {
    let step = step(args)?;
    for (name, span) in [("horizon", args.load.horizon), ("every", args.every)] {
        if matches!(span, Span::Fixed(span) if span % step != 0) {
            return Err(Failure::wrong(
                format!("`--{name} {span}` is no whole number of steps of {}", args.load.step),
                format!("write a multiple of {}", args.load.step),
            ));
        }
    }
    // Weights of a reconciliation are learned from earlier forecasts of the same length.
    if args.load.group.is_some() && !matches!(args.load.horizon, Span::Fixed(_)) {
        return Err(Failure::wrong(
            "`--group` needs a horizon of a fixed length",
            "try `--horizon 30d`, or leave out `--group`",
        ));
    }
    if args.from >= args.to {
        return Err(Failure::wrong(
            format!("`--from {}` is not before `--to {}`", args.from.text(), args.to.text()),
            "origins are from FROM on, and before TO",
        ));
    }
    let mut origins = Vec::new();
    for times in 0.. {
        let Some(issued) = args.every.after(args.from.0, times).filter(|issued| *issued < args.to.0) else {
            break;
        };
        let Some(end) = args.load.horizon.after(issued, 1) else { break };
        if end - issued > LONGEST || origins.len() == MOST {
            return Err(too_much(args, end - issued > LONGEST));
        }
        origins.push(Origin { issued, end, is_asked: true });
    }
    Ok(origins)
}

fn too_much(args: &Backtest, is_long: bool) -> Failure {
    if is_long {
        Failure::wrong(
            format!("`--horizon {}` is longer than 62 days", args.load.horizon),
            "try `--horizon 1mo`",
        )
    } else {
        let (from, to) = (Stamp::text(args.from), Stamp::text(args.to));
        Failure::wrong(
            format!("`--every {}` gives more than a million origins from {from} to {to}", args.every),
            "try `--every 1d`",
        )
    }
}
