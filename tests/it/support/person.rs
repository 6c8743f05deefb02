//! Somebody who is logged in.

use entity::UserId;

#[derive(Clone, Debug)]
pub struct Person {
    pub id: UserId,
    /// The global id of the user.
    pub gid: String,
    pub name: String,
    pub token: String,
}

impl Person {
    pub const PASSWORD: &str = "correct horse";

    pub fn new(id: UserId, name: &str, token: String) -> Self {
        Self { id, gid: super::user_gid(id), name: name.to_owned(), token }
    }
}
