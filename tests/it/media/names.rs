//! Names and ranges: what comes from outside and must mean one thing or nothing.

use proptest::prelude::*;
use roost::media::{Format, GetRange, MediaName, parse_range};

#[test]
fn a_name_is_the_same_text_everywhere() {
    let name = MediaName::new(0x3f9c_0000_0000_0000_0000_0000_0000_00ab, Format::Jpeg);
    assert_eq!(name.to_string(), "3f/9c00000000000000000000000000ab.jpg");
    assert_eq!(name.etag(), "\"3f9c00000000000000000000000000ab\"");
    assert_eq!(MediaName::new(0, Format::WebP).to_string(), format!("00/{}.webp", "0".repeat(30)));
}

#[test]
fn no_path_passes_for_a_name() {
    let good = MediaName::new(7 << 120 | 7, Format::Jpeg).to_string();
    assert!(good.parse::<MediaName>().is_ok());
    let tail = good.split_once('/').unwrap().1;
    for bad in [
        "",
        "/",
        "..",
        "../../etc/passwd",
        "07/../../etc/passwd.jpg",
        "/etc/passwd",
        tail,
        &format!("/{good}"),
        &format!("{good}/"),
        &format!("../{good}"),
        &format!("./{good}"),
        &format!("{good}\0"),
        &format!("{good}#1"),
        &format!("{good} "),
        &good.replace('/', "\\"),
        &good.replace('/', "%2F"),
        &good.replace('/', "//"),
        &good.replace("07/", "7/"),
        &good.replace("07/", "+7/"),
        &good.replace("07/", "107/"),
        &good.replace(".jpg", ".JPG"),
        &good.replace(".jpg", ".png"),
        &good.replace(".jpg", ".svg"),
        &good.replace(".jpg", ".jpg.html"),
        &good.replace(".jpg", ""),
        &good.replacen("00", "AA", 1),
        &good.replacen("00", "0", 1),
        &good.replacen("00", "000", 1),
        &good.replacen("00", "٠٠", 1),
    ] {
        assert!(bad.parse::<MediaName>().is_err(), "{bad:?}");
    }
}

#[test]
fn ranges_are_read_as_rfc_9110_says() {
    let read = |header| parse_range(header);
    assert_eq!(read("bytes=0-99"), Some(GetRange::Bounded(0..100)));
    assert_eq!(read("Bytes= 5-5 "), Some(GetRange::Bounded(5..6)));
    assert_eq!(read("bytes=100-"), Some(GetRange::Offset(100)));
    assert_eq!(read("bytes=-50"), Some(GetRange::Suffix(50)));
    for ignored in
        ["", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=+1-2", "bytes=0-1,5-6", "lines=0-5"]
    {
        assert_eq!(read(ignored), None, "{ignored}");
    }
}

proptest! {
    #[test]
    fn names_survive_the_way_through_text(bits: u128, webp: bool) {
        let name = MediaName::new(bits, if webp { Format::WebP } else { Format::Jpeg });
        prop_assert_eq!(name.to_string().parse(), Ok(name));
        prop_assert_eq!(name.to_string().len(), if webp { 38 } else { 37 });
    }

    #[test]
    fn only_names_parse(text in "[0-9a-f]{0,3}[/.]?[0-9a-fA-F+]{28,32}\\.(jpg|webp|png)") {
        if let Ok(name) = text.parse::<MediaName>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn any_range_header_is_harmless(header in ".*") {
        let _ = parse_range(&header);
    }
}
