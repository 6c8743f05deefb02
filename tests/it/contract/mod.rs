//! The public contract: what the schema promises is there, said in words, and kept by every mutation and node.

mod described;
mod faults;
mod kept;
mod promised;
