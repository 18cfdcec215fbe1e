//! Fuzzing without instrumentation: stable Rust, one binary, inputs that can be kept and replayed. `docs/testing.md` says
//! how it is run.

mod answers;
mod choices;
mod driver;
mod gate;
mod mutate;
mod operations;
mod supergraphs;
mod targets;

use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: graphway-fuzz TARGET [--seconds N] [--seed N] [FILE…]

With files, runs each once. Else makes inputs for N seconds (60); the first that fails is made small and kept in
`findings/`.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().and_then(|name| targets::find(&name));
    let Some(target) = target else {
        eprintln!("{USAGE}\n\ntargets: {}", targets::names());
        return ExitCode::from(2);
    };
    let (mut seconds, mut seed, mut files) = (60, 1, Vec::new());
    while let Some(argument) = arguments.next() {
        let number = match argument.as_str() {
            "--seconds" => &mut seconds,
            "--seed" => &mut seed,
            _ => {
                files.push(argument);
                continue;
            }
        };
        match arguments.next().and_then(|text| text.parse().ok()) {
            Some(given) => *number = given,
            None => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let passed = match files.is_empty() {
        true => driver::fuzz(target, Duration::from_secs(seconds), seed),
        false => driver::replay(target, &files),
    };
    ExitCode::from(u8::from(!passed))
}
