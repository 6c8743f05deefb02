//! What people type, checked and brought into the stored form. All faults of one input are reported together.

use unicode_segmentation::UnicodeSegmentation;

use crate::error::{Error, Result, UserError, UserErrorCode};

/// Collects the faults of one input.
#[derive(Default)]
pub struct Faults(Vec<UserError>);

impl Faults {
    /// Keeps the fault of a check, and lets the value through if it had none.
    pub fn keep<T>(&mut self, checked: Result<T>) -> Result<Option<T>> {
        match checked {
            Ok(value) => Ok(Some(value)),
            Err(Error::User(faults)) => {
                self.0.extend(faults);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Whether all is well so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// All the faults at once, if there are any.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::User(self.0)) }
    }
}

/// 3 to 20 of a-z, 0-9 and _, in any case; returned in lower case.
///
/// # Errors
/// What is wrong with it, for the field `username`.
pub fn username(text: &str) -> Result<String> {
    let name = text.trim().to_lowercase();
    length(&name, name.chars().count(), 3, 20, "username", "The username")?;
    if !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return Err(invalid("username", "The username may only have letters from a to z, digits and _."));
    }
    Ok(name)
}

/// An address of at most 254 bytes; returned in lower case.
///
/// # Errors
/// What is wrong with it, for the field `email`.
pub fn email(text: &str) -> Result<String> {
    let email = text.trim().to_lowercase();
    if email.len() > 254 {
        return Err(Error::user(UserErrorCode::TooLong, "email", "The e-mail address may have at most 254 bytes."));
    }
    let options = email_address::Options::default().without_display_text().without_domain_literal().with_required_tld();
    if email_address::EmailAddress::parse_with_options(&email, options).is_err() {
        return Err(invalid("email", "This is not an e-mail address."));
    }
    Ok(email)
}

/// 8 to 128 characters (code points), as they are: a password is never trimmed.
///
/// # Errors
/// What is wrong with it, for the field named.
pub fn password(text: &str, field: &'static str) -> Result<()> {
    length(text, text.chars().count(), 8, 128, field, "The password")
}

/// 1 to 50 characters after trimming.
///
/// # Errors
/// What is wrong with it, for the field `nickname`.
pub fn nickname(text: &str) -> Result<String> {
    let nickname = text.trim();
    length(nickname, nickname.graphemes(true).count(), 1, 50, "nickname", "The nickname")?;
    if nickname.len() > 200 {
        return Err(Error::user(UserErrorCode::TooLong, "nickname", "The nickname may have at most 200 bytes."));
    }
    if nickname.chars().any(char::is_control) {
        return Err(invalid("nickname", "The nickname may not have control characters."));
    }
    Ok(nickname.to_owned())
}

/// What a tweet says: 1 to 280 grapheme clusters after trimming, at most 4,000 bytes.
///
/// # Errors
/// What is wrong with it, for the field `content`.
pub fn content(text: &str) -> Result<String> {
    let content = text.trim();
    // Bytes first: counting the clusters of a megabyte would be work for nothing.
    if content.len() > 4_000 {
        return Err(Error::user(UserErrorCode::TooLong, "content", "The text may have at most 4,000 bytes."));
    }
    length(content, content.graphemes(true).count(), 1, 280, "content", "The text")?;
    if content.chars().any(|character| character.is_control() && character != '\n') {
        return Err(invalid("content", "The text may not have control characters other than line breaks."));
    }
    Ok(content.to_owned())
}

/// What somebody says of themselves: at most 160 grapheme clusters after trimming, none at all included, and 2,000 bytes.
///
/// # Errors
/// What is wrong with it, for the field `bio`.
pub fn bio(text: &str) -> Result<String> {
    let bio = text.trim();
    if bio.len() > 2_000 {
        return Err(Error::user(UserErrorCode::TooLong, "bio", "The bio may have at most 2,000 bytes."));
    }
    if !bio.is_empty() {
        length(bio, bio.graphemes(true).count(), 1, 160, "bio", "The bio")?;
    }
    if bio.chars().any(|character| character.is_control() && character != '\n') {
        return Err(invalid("bio", "The bio may not have control characters other than line breaks."));
    }
    Ok(bio.to_owned())
}

/// What a picture shows, in words: at most 1,000 bytes after trimming; may be empty.
///
/// # Errors
/// What is wrong with it, for the field named.
pub fn alt_text(text: &str, field: String) -> Result<()> {
    let text = text.trim();
    if text.len() > 1_000 {
        let message = format!("An alt text may have at most 1,000 bytes; this has {}.", text.len());
        return Err(Error::user_at(UserErrorCode::TooLong, field, message));
    }
    if text.chars().any(|character| character.is_control() && character != '\n') {
        let message = "An alt text may not have control characters other than line breaks.";
        return Err(Error::user_at(UserErrorCode::Invalid, field, message));
    }
    Ok(())
}

fn length(text: &str, count: usize, least: usize, most: usize, field: &'static str, what: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::user(UserErrorCode::TooShort, field, format!("{what} may not be empty.")));
    }
    if count < least {
        let message = format!("{what} has to have at least {least} characters; this has {count}.");
        return Err(Error::user(UserErrorCode::TooShort, field, message));
    }
    if count > most {
        let message = format!("{what} may have at most {most} characters; this has {count}.");
        return Err(Error::user(UserErrorCode::TooLong, field, message));
    }
    Ok(())
}

fn invalid(field: &'static str, message: &str) -> Error {
    Error::user(UserErrorCode::Invalid, field, message)
}
