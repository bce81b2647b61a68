//! `gridwarden meter`: boots dummy meters.

use crate::cli;
use dummies::Meters;
use shell::Failure;

/// Runs the command.
pub fn run(args: &cli::Meter, quiet: bool) -> Result<(), Failure> {
    let cli::Meter { store, serial, modbus, utility, seed, speed, seconds, truth, .. } = args.clone();
    let begin = args.begin.map(|time| u32::try_from(time.0 / 1_000).ok()).map_or(Ok(None), |begin| {
        let help = "the clock of a meter counts from 1970 to 2106";
        begin.map(Some).ok_or_else(|| Failure::wrong("--begin is out of range", help))
    })?;
    let meters = Meters {
        count: args.count.into(),
        store,
        serial,
        modbus,
        utility,
        seed,
        speed,
        begin,
        seconds,
        first: args.first as usize,
        earth_return: args.earth_return,
        earth_return_from: (args.earth_return_after, args.earth_return_share),
        truth,
    };
    dummies::run(&meters, quiet)
}
