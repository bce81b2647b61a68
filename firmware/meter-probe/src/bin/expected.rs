//! Prints what a gateway has to hear of the board that speaks.

fn main() {
    let mut lines = String::new();
    meter_probe::expected(&mut lines).expect("a string takes every line");
    print!("{lines}");
}
