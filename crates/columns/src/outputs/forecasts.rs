//! What the town and its transformers will use.

use super::{About, Columns, Output, Sent, Wanted};
use crate::files::TableFile;
use crate::value::{Cell, Value};
use forecast::Forecast;
use pipeline::{Outputs, Plan};

/// `forecasts.parquet`, with the quantiles that each forecast has, in their order.
#[derive(Debug)]
pub struct Forecasts {
    quantiles: Vec<f64>,
}

impl Forecasts {
    /// The output with these quantiles.
    pub fn new(quantiles: Vec<f64>) -> Self {
        Self { quantiles }
    }
}

impl Output for Forecasts {
    const ABOUT: About = About {
        file: "forecasts.parquet",
        row: "a target and interval",
        key: "TARGET/END",
        section: "`[forecast]`",
        only: "forecasts",
        sent: Sent::WithTick,
    };

    type Row<'a> = &'a Forecast;
    type File = TableFile<Self>;

    fn of(plan: &Plan) -> Option<Self> {
        plan.forecast.as_ref().map(|forecast| Self::new(forecast.quantiles.clone()))
    }

    fn with_all_columns() -> Self {
        Self::new(vec![0.1])
    }

    fn leave_out(plan: &mut Plan, _wanted: Wanted<'_>) {
        plan.forecast = None;
    }

    fn rows(out: &Outputs) -> impl Iterator<Item = &Forecast> + Clone {
        out.forecasts.iter()
    }

    fn key<'a>(&'a self, one: &'a Forecast) -> impl IntoIterator<Item = Value<'a>> {
        [one.target.to_string().value(), one.end.value()]
    }

    fn columns<'a>(&'a self, to: &mut impl Columns<&'a Forecast>) {
        to.column(
            "target",
            "",
            "whose use: `system` for all consumers, or `transformer/T1` for those of a transformer",
            "the topology",
            |one| one.target.to_string(),
        );
        to.column(
            "issued",
            "",
            "end of the first tick of the local day that is forecast, UTC; nothing after the beginning of that day is \
             used",
            "a day ahead, from local midnight",
            |one| one.issued,
        );
        to.column("start", "", "when the forecast interval starts, UTC", INTERVAL, |one| one.start);
        to.column("end", "", "when the forecast interval ends, UTC", INTERVAL, |one| one.end);
        to.column(
            "mean",
            "W",
            "expected net power: mean of the same local minute over the last up to four days of the same type, else of \
             any type, of five weeks; no row without such a day",
            "baselines of demand response: the last four like days",
            |one| one.mean,
        );
        for (place, &quantile) in self.quantiles.iter().enumerate() {
            to.column(
                &quantile_column(quantile),
                "W",
                "one column for each quantile of the plan, named by its percent: the net power that the interval stays \
                 below with that probability, by Student's t about `mean`; equal to `mean` after a single day",
                "Student, Biometrika 6 (1908): the next of few days that differ like draws from one bell",
                |one| one.quantiles.get(place).copied(),
            );
        }
    }
}

const INTERVAL: &str = "an interval is (start, end]";

/// `q10` of 0.1, `q2.5` of 0.025. Rounded, because 0.07 times 100 is 7.000000000000001.
fn quantile_column(quantile: f64) -> String {
    format!("q{}", (quantile * 1e5).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::quantile_column;

    #[test]
    fn quantiles_are_named_by_their_percent() {
        let names: Vec<String> =
            [0.07, 0.1, 0.29, 0.5, 0.975, 0.999].into_iter().map(quantile_column).collect();
        assert_eq!(names, ["q7", "q10", "q29", "q50", "q97.5", "q99.9"]);
    }
}
