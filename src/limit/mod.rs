//! What a request may cost, decided before anything is done for it.

pub mod address;
pub mod document;
pub mod rate;
