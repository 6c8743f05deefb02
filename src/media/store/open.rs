//! From the one line of the configuration to a [`Store`].

use std::{path::PathBuf, time::Duration};

use object_store::{RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem, prefix::PrefixStore};
use url::Url;

use super::{Store, StoreError};

impl Store {
    /// Opens the store at `address`; nothing is sent anywhere yet. An address is
    ///
    /// - a path, or `file:///var/lib/roost/media`: a folder, made if it is missing;
    /// - `s3://bucket/prefix?region=eu-west-1&endpoint=http://127.0.0.1:8333`: a bucket. `endpoint` is for services other
    ///   than Amazon's. The keys come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, or a role of
    ///   the machine), so that they appear in no file and no log.
    ///
    /// A URL may end in `public=https://media.example.org` if browsers find the files there: a bucket that is public, a
    /// web server in front of the folder. Otherwise roost serves them.
    ///
    /// # Errors
    /// `BadAddress` says what is wrong with it; `Unavailable` if the folder can be neither found nor made.
    pub fn open(address: &str) -> Result<Self, StoreError> {
        match address.split_once("://") {
            None => folder(PathBuf::from(address), None),
            Some(("file", _)) => {
                let mut settings = Settings::parse(address)?;
                let public = settings.take_url("public")?;
                let root = settings.url.to_file_path().map_err(|()| bad("write file:///path for a folder"))?;
                settings.finish()?;
                folder(root, public)
            }
            Some(("s3", _)) => bucket(Settings::parse(address)?),
            Some((scheme, _)) => Err(bad(format!("{scheme}:// is neither file:// nor s3://"))),
        }
    }
}

fn folder(root: PathBuf, public: Option<Url>) -> Result<Store, StoreError> {
    std::fs::create_dir_all(&root).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    let files = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
    Ok(Store::Folder { files, root, public })
}

fn bucket(mut settings: Settings) -> Result<Store, StoreError> {
    // The TLS of the client below; an error only says that somebody has chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();

    if !settings.url.username().is_empty() || settings.url.password().is_some() {
        return Err(bad("keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
    }
    let name = settings.url.host_str().filter(|name| !name.is_empty()).ok_or_else(|| bad("the bucket is missing"))?;
    // A person is waiting: give up after seconds, not after the default of three minutes.
    let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(10), ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry);
    if let Some(region) = settings.take("region") {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = settings.take_url("endpoint")? {
        let plain = endpoint.scheme() == "http";
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/')).with_allow_http(plain);
    }
    let public = settings.take_url("public")?;
    let prefix = settings.url.path().trim_matches('/').to_owned();
    settings.finish()?;
    Ok(Store::S3 { files: PrefixStore::new(builder.build()?, prefix), public })
}

/// A URL, and the parameters behind its `?` that nobody has asked for yet.
struct Settings {
    url: Url,
    left: Vec<(String, String)>,
}

impl Settings {
    fn parse(address: &str) -> Result<Self, StoreError> {
        let url = Url::parse(address).map_err(|error| bad(error.to_string()))?;
        let left = url.query_pairs().into_owned().collect();
        Ok(Self { url, left })
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.left.iter().position(|(found, _)| found == key)?;
        Some(self.left.remove(at).1)
    }

    fn take_url(&mut self, key: &str) -> Result<Option<Url>, StoreError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match Url::parse(&value) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
            _ => Err(bad(format!("{key} must be an http or https URL"))),
        }
    }

    /// A parameter left over is a slip of the pen, and better told than ignored.
    fn finish(self) -> Result<(), StoreError> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(bad(format!("there is no parameter {key}"))),
        }
    }
}

fn bad(reason: impl Into<String>) -> StoreError {
    StoreError::BadAddress(reason.into())
}
