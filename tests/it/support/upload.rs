//! Forms with files, and the files that come of them.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, header};
use image::ImageFormat;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Answer, Client, Person, TestApp};
use crate::media::make::{encode, quarters};

/// A body of graphql-multipart-request-spec, or something that only looks like one.
#[derive(Clone, Default)]
pub struct Form {
    pub body: Vec<u8>,
}

impl Form {
    pub const CONTENT_TYPE: &str = "multipart/form-data; boundary=XX";

    /// A well-formed one: each file goes to one path.
    pub fn of(query: &str, variables: Value, files: &[(&str, &[u8])]) -> Self {
        let map: Value = files.iter().enumerate().map(|(n, (path, _))| (n.to_string(), json!([path]))).collect();
        let start = Self::start(&json!({ "query": query, "variables": variables }), &map);
        files.iter().enumerate().fold(start, |form, (n, (_, file))| form.file(&n.to_string(), file)).end()
    }

    /// The parts before the files.
    pub fn start(operations: &Value, map: &Value) -> Self {
        Self::default().text("operations", &operations.to_string()).text("map", &map.to_string())
    }

    pub fn text(self, name: &str, text: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), text.as_bytes())
    }

    pub fn file(self, name: &str, file: &[u8]) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"");
        self.part(&format!("{head}\r\nContent-Type: image/png"), file)
    }

    pub fn part(mut self, headers: &str, content: &[u8]) -> Self {
        self.body.extend(format!("--XX\r\n{headers}\r\n\r\n").as_bytes());
        self.body.extend(content);
        self.body.extend(b"\r\n");
        self
    }

    pub fn end(mut self) -> Self {
        self.body.extend(b"--XX--\r\n");
        self
    }
}

/// A small PNG, another one for another number.
pub fn picture(number: u32) -> Vec<u8> {
    encode(&quarters(30 + number, 20), ImageFormat::Png)
}

impl Client<'_> {
    pub async fn upload(&self, form: Form) -> Answer {
        self.app.send(self.form(Body::from(form.body))).await
    }

    /// A request with a form as its body.
    pub fn form(&self, body: Body) -> Request<Body> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/graphql")
            .header(header::CONTENT_TYPE, Form::CONTENT_TYPE)
            .header("graphql-require-preflight", "1");
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(body).unwrap()
    }
}

impl TestApp {
    /// Gets what is at a URL of ours.
    pub async fn fetch(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> (Response<()>, Bytes) {
        let path = url.strip_prefix(&self.app.config.public_url()).unwrap_or(url);
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (Response::from_parts(parts, ()), axum::body::to_bytes(body, usize::MAX).await.unwrap())
    }

    /// Makes a tweet with one small photo, and returns its global id.
    pub async fn tweet_photo(&self, author: &Person, content: &str) -> String {
        let query = "mutation ($input: CreateTweetInput!) {
            createTweet(input: $input) { tweet { id } userErrors { code message field } } }";
        let variables = json!({ "input": { "content": content, "photos": [{ "file": null }] } });
        let form = Form::of(query, variables, &[("variables.input.photos.0.file", &picture(0))]);
        let answer = self.as_user(author).upload(form).await;
        answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned()
    }

    /// The files in the media folder, of whatever name, in order.
    pub fn media_files(&self) -> Vec<String> {
        let folder = std::path::PathBuf::from(self.app.config.media_url());
        let shards = std::fs::read_dir(&folder).unwrap().map(|shard| shard.unwrap().path());
        let files = shards.filter(|path| path.is_dir()).flat_map(|shard| std::fs::read_dir(shard).unwrap());
        let relative = |path: std::path::PathBuf| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        let mut files: Vec<String> = files.map(|file| relative(file.unwrap().path())).collect();
        files.sort();
        files
    }
}
