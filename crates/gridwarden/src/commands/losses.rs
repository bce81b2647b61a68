//! `gridwarden losses`: the transformers and feeders that lose most and least, from `losses.parquet`.

use crate::cli::{self, LossPeriod, LossRole};
use columns::outputs::{Losses, Output};
use columns::{Row, read_back};
use shell::{Failure, count, print, width};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(args: &cli::Losses) -> Result<(), Failure> {
    let path = file(&args.folder);
    if !path.is_file() {
        return Err(Failure::wrong(
            format!("there is no {}", path.display()),
            "a replay writes it under a plan with `balance = true`: gridwarden replay PLAN --readings FILE \
             --topology FILE --out DIR",
        ));
    }
    let (_, rows) = read_back(&path)
        .map_err(|cause| Failure::failed(format!("cannot read {}", path.display()), &cause))?;
    let period = args.period;
    let is_asked =
        |loss: &Loss| loss.period == period.name() && args.role.is_none_or(|role| loss.role == role);
    let losses: Vec<Loss> = rows.iter().filter_map(Loss::read).filter(is_asked).collect();
    let times = || losses.iter().map(|loss| period.of_day(&loss.day));
    let chosen = match &args.at {
        Some(day) => times().find(|time| *time == period.of_day(day)),
        // The newest that can be ranked: the period in which a run ends has just begun, as a rule.
        None => {
            let ranked = losses.iter().filter(|loss| loss.rank.is_some());
            ranked.map(|loss| period.of_day(&loss.day)).max().or_else(|| times().max())
        }
    };
    let Some(chosen) = chosen else {
        let asked = args.at.as_ref().map_or_else(String::new, |day| format!(" {}", period.of_day(day)));
        let help = match times().min().zip(times().max()) {
            Some((first, last)) => format!("the file has those from {first} to {last}"),
            None => match args.role {
                Some(LossRole::Feeder) => {
                    "no feeder has a meter of its own: that is a row of the topology with the \
                                           role `feeder`"
                        .to_owned()
                }
                _ => "the run closed no interval of a transformer: does its topology name any?".to_owned(),
            },
        };
        let of_role = args.role.map_or_else(String::new, |role| format!(" of a {}", role.name()));
        let problem = format!("{} has no {}{asked}{of_role}", path.display(), period.name());
        return Err(Failure::failed_with_help(problem, help));
    };
    let pages = LossRole::ALL.iter().filter_map(|&role| {
        let is_shown = |loss: &&Loss| loss.role == role && period.of_day(&loss.day) == chosen;
        let of_time: Vec<&Loss> = losses.iter().filter(is_shown).collect();
        (!of_time.is_empty()).then(|| page(role, &of_time, chosen, args.top))
    });
    print(&pages.collect::<Vec<_>>().join("\n"))
}

/// The file itself, or the one in a folder of outputs.
fn file(given: &Path) -> PathBuf {
    if given.is_dir() { given.join(Losses::ABOUT.file) } else { given.to_owned() }
}

/// A row of the file.
struct Loss {
    role: LossRole,
    target: String,
    period: String,
    /// The local day on which the period starts.
    day: String,
    supplied: i64,
    consumed: i64,
    estimated: i64,
    gap: Option<i64>,
    share: Option<f64>,
    completeness: f64,
    rank: Option<i64>,
    is_final: bool,
}

impl Loss {
    fn read(row: &Row) -> Option<Self> {
        let text = |name: &str| row.get(name)?.as_str().map(str::to_owned);
        let whole = |name: &str| row.get(name)?.as_i64();
        let number = |name: &str| row.get(name)?.as_f64();
        let role = text("role")?;
        Some(Self {
            role: *LossRole::ALL.iter().find(|known| known.name() == role)?,
            target: text("target")?,
            period: text("period")?,
            day: text("day")?,
            supplied: whole("supplied_wh")?,
            consumed: whole("consumed_wh")?,
            estimated: whole("estimated_wh")?,
            gap: whole("gap_wh"),
            share: number("share"),
            completeness: number("completeness")?,
            rank: whole("rank"),
            is_final: row.get("final")?.as_bool()?,
        })
    }
}

fn page(role: LossRole, losses: &[&Loss], time: &str, top: usize) -> String {
    let mut ranked: Vec<&Loss> = losses.iter().copied().filter(|loss| loss.rank.is_some()).collect();
    ranked.sort_by_key(|loss| loss.rank);
    let mut text =
        format!("losses of {time}: {} of {} ranked", ranked.len(), count(losses.len() as u64, role.name()));
    if losses.iter().any(|loss| !loss.is_final) {
        text += "; some rows may still join, or the run ended before the period was over";
    }
    text.push('\n');
    let (worst, best) = ranked.split_at(ranked.len().min(top));
    let best = &best[best.len().saturating_sub(top)..];
    let widest = worst.iter().chain(best).map(|loss| width(&loss.target)).max().unwrap_or_default().max(18);
    if !worst.is_empty() {
        table(role, if best.is_empty() { "all" } else { "worst" }, worst, widest, &mut text);
    }
    if !best.is_empty() {
        table(role, "best", best, widest, &mut text);
    }
    let mut others: Vec<&Loss> = losses.iter().copied().filter(|loss| loss.rank.is_none()).collect();
    if !others.is_empty() {
        others.sort_by(|one, other| one.completeness.total_cmp(&other.completeness));
        let shown = others.iter().take(top);
        let shown: Vec<String> =
            shown.map(|loss| format!("{} ({:.0} %)", loss.target, 100.0 * loss.completeness)).collect();
        let more = others.len().saturating_sub(top);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(
            text,
            "not ranked, with the share of hours in which all meters are known: {}{more}",
            shown.join(", ")
        )
        .expect("writing to a string cannot fail");
        writeln!(
            text,
            "A {} is ranked if its gap is known, or can be estimated, for nine tenths of the period.",
            role.name()
        )
        .expect("writing to a string cannot fail");
    }
    if ranked.is_empty() && losses.iter().all(|loss| loss.period == LossPeriod::Month.name()) {
        text +=
            "None is: the readings may cover too little of the month. `--period day` ranks each day of it.\n";
    }
    text
}

/// Appends some rows. The names take as many columns as `widest`.
fn table(role: LossRole, title: &str, losses: &[&Loss], widest: usize, text: &mut String) {
    let kwh = |wh: i64| format!("{:.1}", wh as f64 / 1000.0);
    let mut line = |cells: [&str; 8]| {
        let [rank, name, supplied, consumed, estimated, gap, share, complete] = cells;
        let energies = format!("{supplied:>13}{consumed:>14}{estimated:>15}{gap:>10}");
        let space = " ".repeat(widest.saturating_sub(width(name)));
        writeln!(text, "{rank:>10}  {name}{space}{energies}{share:>9}{complete:>10}")
            .expect("writing to a string cannot fail");
    };
    let rank = format!("{title} rank");
    line([
        &rank,
        role.name(),
        "supplied kWh",
        "consumed kWh",
        "estimated kWh",
        "gap kWh",
        "share",
        "complete",
    ]);
    for loss in losses {
        line([
            &loss.rank.unwrap_or_default().to_string(),
            &loss.target,
            &kwh(loss.supplied),
            &kwh(loss.consumed),
            &kwh(loss.estimated),
            &loss.gap.map_or_else(|| "-".to_owned(), kwh),
            &loss.share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share)),
            &format!("{:.0} %", 100.0 * loss.completeness),
        ]);
    }
}
