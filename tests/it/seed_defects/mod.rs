//! The defects of the course project's two implementations, S1 to S24: what would be seen if roost had them.
//!
//! Here are those that belong to no single noun. docs/seed-parity.md names the test of each.

mod bounded;
mod fanout;
mod friendships;
mod limits;
mod lists;
