//! Several processes on one database work as one, with Redis and without.

mod at_once;
mod load;
mod processes;
mod told;
