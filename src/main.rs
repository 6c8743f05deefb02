//! The command line; everything else is in the library.

use std::process::ExitCode;

/// Much of a request's work is to allocate and free small things, by several threads; the system's allocator is slower at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    roost::cli::run()
}
