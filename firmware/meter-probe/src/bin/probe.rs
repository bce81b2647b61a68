//! Prints the report as the host computes it.

fn main() {
    let mut lines = String::new();
    meter_probe::report(&mut lines).expect("a string takes every line");
    meter_probe::whole(&mut lines).expect("a string takes every line");
    print!("{lines}");
}
