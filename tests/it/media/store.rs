//! Both halves of the store pass the same test. The S3 half runs where `ROOST_TEST_S3_URL` names a bucket.

#![expect(clippy::disallowed_methods, reason = "the store has no clock but the system's")]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::Utc;
use futures_util::TryStreamExt;
use roost::media::{Format, Found, GetRange, MediaName, Store, StoreError};

use crate::support::services::s3_url;

fn name(tail: u128) -> MediaName {
    // Some of the time in it, for the bucket of an earlier run.
    MediaName::new(u128::from(Utc::now().timestamp_micros().unsigned_abs()) << 64 | tail, Format::Jpeg)
}

async fn body(found: Found) -> Vec<u8> {
    found.body.try_collect::<Vec<_>>().await.unwrap().concat()
}

/// Handlers must be able to await all of it on a runtime of several threads.
#[expect(dead_code, reason = "it is enough that it compiles")]
fn every_call_is_send(store: &Store) {
    fn assert_send<T: Send>(_: T) {}
    assert_send((store.put(name(0), Bytes::new()), store.get(name(0), None), store.head(name(0))));
    assert_send((store.delete(name(0)), store.list(), store.remove_unfinished(SystemTime::now())));
}

async fn behaves(store: &Store) {
    let (name, other, missing) = (name(1), name(2), name(3));
    let content: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    store.put(name, content.clone().into()).await.unwrap();
    store.put(name, content.clone().into()).await.unwrap();
    store.put(other, Bytes::from_static(b"other")).await.unwrap();

    let found = store.get(name, None).await.unwrap();
    assert_eq!((found.file.name, found.file.length, found.range.clone()), (name, 100_000, 0..100_000));
    assert!((Utc::now() - found.file.modified).num_seconds().abs() < 60);
    assert_eq!(store.head(name).await.unwrap(), found.file);
    assert_eq!(body(found).await, content);

    for (asked, expected) in [
        (GetRange::Bounded(10..20), 10..20),
        (GetRange::Bounded(0..1), 0..1),
        (GetRange::Bounded(99_990..u64::MAX), 99_990..100_000),
        (GetRange::Offset(99_999), 99_999..100_000),
        (GetRange::Suffix(5), 99_995..100_000),
        (GetRange::Suffix(200_000), 0..100_000),
    ] {
        let found = store.get(name, Some(asked.clone())).await.unwrap();
        assert_eq!((found.range.clone(), found.file.length), (expected.clone(), 100_000), "{asked:?}");
        assert_eq!(body(found).await, content[expected.start as usize..expected.end as usize], "{asked:?}");
    }
    for asked in [GetRange::Bounded(100_000..100_001), GetRange::Offset(100_000), GetRange::Suffix(0)] {
        let error = store.get(name, Some(asked.clone())).await.err();
        assert!(matches!(error, Some(StoreError::BadRange { length: 100_000 })), "{asked:?}: {error:?}");
    }

    for range in [None, Some(GetRange::Offset(1))] {
        assert!(matches!(store.get(missing, range).await.err(), Some(StoreError::NotFound)));
    }
    assert!(matches!(store.head(missing).await, Err(StoreError::NotFound)));

    let listed = async || {
        let all: Vec<_> = store.list().try_collect().await.unwrap();
        all.into_iter().filter(|file| [name, other].contains(&file.name)).map(|file| file.length).sum::<u64>()
    };
    assert_eq!(listed().await, 100_005);
    store.delete(name).await.unwrap();
    store.delete(name).await.unwrap();
    assert!(matches!(store.get(name, None).await.err(), Some(StoreError::NotFound)));
    assert_eq!(listed().await, 5);
    store.delete(other).await.unwrap();
    assert_eq!(listed().await, 0);
}

#[tokio::test]
async fn a_folder_keeps_files() {
    let folder = tempfile::tempdir().unwrap();
    // A path with a space and a percent sign, not made yet.
    let path = folder.path().join("the media 100%");
    behaves(&Store::open(path.to_str().unwrap()).unwrap()).await;
    behaves(&Store::open(url::Url::from_file_path(&path).unwrap().as_str()).unwrap()).await;
}

#[tokio::test]
async fn a_bucket_keeps_files() {
    let Some(address) = s3_url() else {
        return;
    };
    let store = Store::open(&address).unwrap();
    behaves(&store).await;

    // What only a bucket can show: the headers of a file that browsers fetch without us.
    let name = name(9);
    let Some(base) = store.public_base() else { return };
    store.put(name, Bytes::from_static(b"public")).await.unwrap();
    let response = reqwest::get(format!("{base}/{name}")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    store.delete(name).await.unwrap();
}

#[tokio::test]
async fn a_folder_shows_only_our_files_and_forgets_unfinished_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let name = name(1);
    store.put(name, Bytes::from_static(b"whole")).await.unwrap();
    let file = folder.path().join(name.to_string());
    assert_eq!(std::fs::read(&file).unwrap(), b"whole");
    let unfinished = file.with_file_name(format!("{}#1", file.file_name().unwrap().to_str().unwrap()));
    let foreign = folder.path().join("README.txt");
    std::fs::write(&unfinished, b"who").unwrap();
    std::fs::write(&foreign, b"the operator's own").unwrap();

    let listed: Vec<_> = store.list().try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|file| file.name).collect::<Vec<_>>(), [name]);

    let hour = Duration::from_secs(3600);
    assert_eq!(store.remove_unfinished(SystemTime::now() - hour).await.unwrap(), 0);
    assert_eq!(store.remove_unfinished(SystemTime::now() + hour).await.unwrap(), 1);
    assert!(!unfinished.exists() && foreign.exists() && file.exists());
}

#[tokio::test]
async fn a_full_or_broken_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let name = name(1);
    // Where the shard should be, there is a file.
    std::fs::write(folder.path().join(name.to_string().split('/').next().unwrap()), b"").unwrap();
    assert!(matches!(store.put(name, Bytes::from_static(b"x")).await, Err(StoreError::Unavailable(_))));
}

#[test]
fn an_address_is_understood_or_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let open = |address: &str| Store::open(address);
    assert!(matches!(open(path), Ok(Store::Folder { public: None, .. })));
    let public = open(&format!("file://{path}?public=https://media.example.org/roost/")).unwrap();
    assert_eq!(public.public_base(), Some("https://media.example.org/roost"));
    let s3 = "s3://bucket/a/prefix?region=eu-west-1&endpoint=http://127.0.0.1:1&public=https://cdn.example.org";
    assert_eq!(open(s3).unwrap().public_base(), Some("https://cdn.example.org"));
    assert!(open("s3://bucket").unwrap().public_base().is_none());

    for (address, reason) in [
        ("ftp://host/x", "ftp:// is neither file:// nor s3://"),
        ("s3://", "the bucket is missing"),
        ("s3://bucket?enpoint=http://x", "there is no parameter enpoint"),
        ("s3://bucket?endpoint=localhost", "endpoint must be an http or https URL"),
        ("s3://key:secret@bucket", "keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ("file://server/share", "write file:///path for a folder"),
        ("file:///tmp/x?region=eu", "there is no parameter region"),
    ] {
        let error = open(address).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error, format!("the media store's address is wrong: {reason}"), "{address}");
    }
}
