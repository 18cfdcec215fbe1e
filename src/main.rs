//! The `graphway` command.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Requests allocate many small pieces on several threads; mimalloc serves those without locks.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    graphway::cli::main()
}
