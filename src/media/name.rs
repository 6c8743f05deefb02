//! Names of stored files. A name is 128 random bits and a format, never a string from outside, so no path can hide in it.

use std::{fmt, str::FromStr};

/// What we store, and therefore serve. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Jpeg,
    WebP,
}

impl Format {
    const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// The end of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// For the header `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// The name of a stored picture: the same text in the database, in the URL, in the folder and in the bucket.
///
/// It reads `3f/9c0a….jpg`; the first two digits spread the files over 256 folders. A name is never used twice, so what
/// is behind it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaName {
    bits: u128,
    format: Format,
}

/// The text is not a name that we gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the name of a media file")]
pub struct BadName;

impl MediaName {
    /// `bits` must be random and unpredictable: who knows a name may see the picture.
    pub fn new(bits: u128, format: Format) -> Self {
        Self { bits, format }
    }

    pub fn format(self) -> Format {
        self.format
    }

    /// For the header `ETag`. Strong, and the same whatever store holds the file.
    pub fn etag(self) -> String {
        format!("\"{:032x}\"", self.bits)
    }
}

impl fmt::Display for MediaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}/{:030x}.{}", self.bits >> 120, self.bits & (u128::MAX >> 8), self.format.extension())
    }
}

impl FromStr for MediaName {
    type Err = BadName;

    /// # Errors
    /// `BadName` for everything that [`Display`](fmt::Display) would not have written exactly so.
    fn from_str(text: &str) -> Result<Self, BadName> {
        let parse = || {
            let (head, rest) = text.split_once('/')?;
            let (tail, extension) = rest.split_once('.')?;
            let bits = u128::from_str_radix(head, 16).ok()? << 120 | u128::from_str_radix(tail, 16).ok()?;
            let format = Format::ALL.into_iter().find(|format| format.extension() == extension)?;
            Some(Self { bits, format })
        };
        parse().filter(|name| name.to_string() == text).ok_or(BadName)
    }
}
