//! The `graphway` command.

use mimalloc::MiMalloc;
use std::{
    ffi::{c_int, c_long},
    process::ExitCode,
};

/// Requests allocate many small pieces on several threads; mimalloc serves those without locks.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// mimalloc 2's number for how long it keeps freed memory before the system gets it back, in milliseconds.
const PURGE_DELAY: c_int = 15;

#[expect(
    unsafe_code,
    reason = "mimalloc's crate does not have it; with its 10 ms an 8 MB answer costs 1.4 times as much, all of that page faults"
)]
mod options {
    use super::{c_int, c_long};

    unsafe extern "C" {
        /// Sets an option of mimalloc. Only before there are other threads.
        pub(super) safe fn mi_option_set(option: c_int, value: c_long);
    }
}

fn main() -> ExitCode {
    options::mi_option_set(PURGE_DELAY, 100);
    graphway::cli::main()
}
