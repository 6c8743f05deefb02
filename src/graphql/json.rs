//! The JSON of a page, written as its fields are read.

use std::fmt::{Display, Write};

use async_graphql::Value;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, Timelike};

/// The room, in bytes, that a page is given from the beginning: enough for 20 tweets.
const USUAL: usize = 16 << 10;

/// Everything that writes answers whether it could.
pub struct Json {
    text: Vec<u8>,
    plain: String,
}

impl Default for Json {
    fn default() -> Self {
        Self { text: Vec::with_capacity(USUAL), plain: String::new() }
    }
}

impl Json {
    /// What was written, as a value that goes into the answer as it is (`http::answer::write_value`). The schema has no other
    /// value of this kind.
    pub fn into_value(mut self) -> Value {
        // There may be many small ones in an answer, and each is kept until it is written.
        if self.text.len() < self.text.capacity() / 2 {
            self.text.shrink_to_fit();
        }
        Value::Binary(self.text.into())
    }

    pub fn null(&mut self) -> Option<()> {
        self.text.extend_from_slice(b"null");
        Some(())
    }

    pub fn boolean(&mut self, value: bool) -> Option<()> {
        self.text.extend_from_slice(if value { b"true" } else { b"false" });
        Some(())
    }

    pub fn number(&mut self, value: impl Into<i64>) -> Option<()> {
        serde_json::to_writer(&mut self.text, &value.into()).ok()
    }

    pub fn string(&mut self, text: &str) -> Option<()> {
        // Looking at all of it is faster than stopping early: the processor compares many bytes at once.
        let is_plain = text.bytes().fold(true, |plain, byte| plain & !matches!(byte, 0..=0x1f | b'"' | b'\\'));
        if !is_plain {
            return serde_json::to_writer(&mut self.text, text).ok();
        }
        self.text.reserve(text.len() + 2);
        self.text.push(b'"');
        self.text.extend_from_slice(text.as_bytes());
        self.text.push(b'"');
        Some(())
    }

    /// A base and a name below it, with a slash between them.
    pub fn url(&mut self, base: &str, name: &str) -> Option<()> {
        self.string(base)?;
        // In the place of the quotation marks that the one ends with and the other begins with.
        self.text.pop();
        let place = self.text.len();
        self.string(name)?;
        *self.text.get_mut(place)? = b'/';
        Some(())
    }

    /// A point in time, in milliseconds: RFC 3339 in UTC, as `scalar::DateTime` has it.
    pub fn time(&mut self, at: i64) -> Option<()> {
        let time = chrono::DateTime::from_timestamp_millis(at)?;
        // Years of four digits: whatever else there is, the engine writes.
        let year = u32::try_from(time.year()).ok().filter(|year| *year < 10_000)?;
        let parts = [
            (1..5, year),
            (6..8, time.month()),
            (9..11, time.day()),
            (12..14, time.hour()),
            (15..17, time.minute()),
            (18..20, time.second()),
            (21..24, time.timestamp_subsec_millis()),
        ];
        let mut text = *b"\"0000-00-00T00:00:00.000Z\"";
        for (place, number) in parts {
            write_digits(text.get_mut(place)?, number);
        }
        self.text.extend_from_slice(&text);
        Some(())
    }

    /// A text in URL-safe Base64: an id or a cursor.
    pub fn base64(&mut self, text: impl Display) -> Option<()> {
        self.plain.clear();
        write!(self.plain, "{text}").ok()?;
        self.text.push(b'"');
        let start = self.text.len();
        self.text.resize(start + base64::encoded_len(self.plain.len(), false)?, 0);
        URL_SAFE_NO_PAD.encode_slice(&self.plain, self.text.get_mut(start..)?).ok()?;
        self.text.push(b'"');
        Some(())
    }

    /// What all items write, between brackets.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.text.push(b'[');
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                self.text.push(b',');
            }
            write(self, item)?;
        }
        self.text.push(b']');
        Some(())
    }

    /// What all fields write, each after its key, between braces. Keys are names of GraphQL: nothing in them is escaped.
    pub fn object<'k, T>(
        &mut self,
        fields: impl IntoIterator<Item = (&'k str, T)>,
        mut write: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        self.text.push(b'{');
        for (number, (key, field)) in fields.into_iter().enumerate() {
            self.text.extend_from_slice(if number > 0 { b",\"" } else { b"\"" });
            self.text.extend_from_slice(key.as_bytes());
            self.text.extend_from_slice(b"\":");
            write(self, field)?;
        }
        self.text.push(b'}');
        Some(())
    }
}

/// Fills the place with the last digits of a number.
fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}
