//! What a request costs inside the process, in instructions: `hot` runs its cases under callgrind and prints a table.
//!
//! `hot compare before=PATH after=PATH` does so with two builds of itself; `benches/hot/compare` makes them, of this
//! commit and of the one before. See docs/performance.md.

mod callgrind;
mod cases;
mod subgraphs;

use anyhow::{Context, Result, bail};
use std::env;
use std::path::PathBuf;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let builds = match arguments.as_slice() {
        ["case", name] => return cases::run(name),
        [] => vec![("instructions", env::current_exe()?)],
        ["compare", builds @ ..] => {
            let builds = builds.iter().map(|build| {
                let (name, path) = build.split_once('=').context("NAME=PATH expected")?;
                Ok((name, PathBuf::from(path)))
            });
            builds.collect::<Result<_>>()?
        }
        _ => bail!("usage: hot [compare NAME=PATH …]"),
    };
    print!("{}", callgrind::table(&builds)?);
    Ok(())
}
