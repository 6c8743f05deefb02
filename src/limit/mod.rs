//! What a request may cost, decided before anything is done for it.

pub mod address;
pub mod cache;
pub mod document;
pub mod manifest;
pub mod rate;
