//! The part of a file that a client asks for.

pub use object_store::GetRange;

/// Reads the header `Range`: `bytes=0-99`, `bytes=100-` or `bytes=-50`.
///
/// None for all else, several ranges included: RFC 9110 lets a server ignore the header and send the whole file.
pub fn parse_range(header: &str) -> Option<GetRange> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", length) => Some(GetRange::Suffix(number(length)?)),
        (first, "") => Some(GetRange::Offset(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| GetRange::Bounded(first..last.saturating_add(1)))
        }
    }
}

/// Digits only; `parse` alone would allow a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
