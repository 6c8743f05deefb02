//! The binary as a process of its own: run to its end, or started, asked over HTTP and killed.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode};
use roost::config::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

use super::database::Database;
use super::services::Names;
use super::{Answer, Form, Home, TestApp, temp_dir};

/// Longer than anything takes that works, on a machine that is busy.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again until it is so.
pub async fn until(what: &str, look: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !look().await {
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A folder in which roost is run, with its configuration file and its data.
pub struct Place {
    home: Arc<Home>,
    pub config: Config,
}

/// What a command that ended has left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// With some settings changed in the file.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Database::new(), change)
    }

    /// With a database that has no tables yet.
    pub fn empty() -> Self {
        Self::on(Database::empty(), |_| ())
    }

    /// With the database in a file, whatever the tests run on.
    pub fn embedded() -> Self {
        let mut place = Self::on(None, |_| ());
        (place.config.redis_url, place.config.amqp_url) = (None, None);
        place
    }

    /// On any database; on a file if there is none.
    pub fn on(database: Option<Database>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = temp_dir();
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: dir.path().join("data"),
            argon2_memory_kib: 8,
            argon2_passes: 1,
            rate_limit: false,
            ..Config::default()
        };
        let names = Names::for_config(&mut config);
        let (redis_url, amqp_url) = (config.redis_url.take(), config.amqp_url.take());
        change(&mut config);
        std::fs::write(dir.path().join("roost.toml"), config.masked()).unwrap();
        config.database_url = database.as_ref().map(|database| database.url.clone());
        config.redis_url = config.redis_url.or(redis_url);
        config.amqp_url = config.amqp_url.or(amqp_url);
        Self { home: Arc::new(Home { dir, _database: database, _names: names }), config }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.dir.path().join(name)
    }

    /// The names in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.dir.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `roost …` in this folder, with nothing of the configuration around the tests.
    pub fn roost(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
        command.args(args).current_dir(self.home.dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ROOST_") {
                command.env_remove(name);
            }
        }
        // Not in the file, where passwords are masked.
        command.envs(self.config.database_url.as_ref().map(|url| ("ROOST_DATABASE_URL", url)));
        command.envs(self.config.redis_url.as_ref().map(|url| ("ROOST_REDIS_URL", url)));
        command.envs(self.config.amqp_url.as_ref().map(|url| ("ROOST_AMQP_URL", url)));
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Ended {
        ended(&mut self.roost(args)).await
    }

    /// Starts a server, and returns when it is ready.
    pub async fn serve(&self) -> Process {
        self.start(&mut self.roost(&["serve"])).await
    }

    /// Starts any process, and returns when it has printed its first line.
    pub async fn start(&self, command: &mut Command) -> Process {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        let read = tokio::time::timeout(DEADLINE, stdout.read_line(&mut ready)).await;
        assert!(matches!(read, Ok(Ok(1..))), "roost did not start: {}", self.log());
        Process { child, stdout, ready }
    }

    /// What the started processes have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// An app in this process on the same database. It remembers nothing, so that it sees at once what others do.
    pub async fn open(&self) -> TestApp {
        std::fs::create_dir_all(&self.config.data_dir).unwrap();
        let config = Config { cache_bytes: 0, ..self.config.clone() };
        TestApp::on(Arc::clone(&self.home), config, true).await
    }
}

pub async fn ended(command: &mut Command) -> Ended {
    let output = tokio::time::timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A process that runs until it ends by itself, or is killed with the value.
pub struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The first line that it printed.
    pub ready: String,
}

impl Process {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        let (_, rest) = self.ready.split_once("API http://").unwrap();
        rest.split_once('/').unwrap().0.parse().unwrap()
    }

    pub fn client(&self) -> Http {
        Http { address: self.address() }
    }

    /// Where it is watched over.
    pub fn monitor(&self) -> Http {
        let (_, rest) = self.ready.split_once("metrics http://").unwrap();
        Http { address: rest.split_once('/').unwrap().0.parse().unwrap() }
    }

    /// Everything that it prints from now on, until it ends.
    pub async fn rest(&mut self) -> String {
        let mut rest = String::new();
        tokio::time::timeout(DEADLINE, self.stdout.read_to_string(&mut rest)).await.unwrap().unwrap();
        rest
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// As `kill -9` does.
    pub async fn kill(&mut self) {
        self.child.start_kill().unwrap();
        self.wait().await;
    }

    /// Asks it to end, as a service manager does.
    pub async fn terminate(&self) {
        assert!(
            Command::new("sh").args(["-c", &format!("kill -TERM {}", self.id())]).status().await.unwrap().success()
        );
    }

    /// Returns when it has ended.
    pub async fn wait(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        assert!(ended.is_ok(), "the process does not end");
        ended.unwrap().unwrap()
    }
}

/// A client over the network, whose server may die at any moment.
#[derive(Clone, Copy)]
pub struct Http {
    pub address: SocketAddr,
}

impl Http {
    /// # Errors
    /// When the server was not there, or was gone before its whole answer was.
    pub async fn gql(&self, token: Option<&str>, query: &str, variables: Value) -> io::Result<Answer> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.post(token, "Content-Type: application/json", body.as_bytes()).await
    }

    /// The same under an id that the client gives the request.
    ///
    /// # Errors
    /// When the server was not there, or was gone before its whole answer was.
    pub async fn gql_as(&self, id: &str, token: &str, query: &str, variables: Value) -> io::Result<Answer> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let headers = format!("X-Request-Id: {id}\r\nContent-Type: application/json");
        self.post(Some(token), &headers, body.as_bytes()).await
    }

    /// Headers as they stand in a request, each with its end of line.
    ///
    /// # Errors
    /// When the server was not there, or was gone before its whole answer was.
    pub async fn get(&self, path: &str, headers: &str) -> io::Result<Answer> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", self.address);
        self.send(head.as_bytes()).await
    }

    /// # Errors
    /// When the server was not there, or was gone before its whole answer was.
    pub async fn upload(&self, token: &str, form: &Form) -> io::Result<Answer> {
        let headers = format!("GraphQL-Require-Preflight: 1\r\nContent-Type: {}", Form::CONTENT_TYPE);
        self.post(Some(token), &headers, &form.body).await
    }

    async fn post(&self, token: Option<&str>, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let login = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n\
             Accept: application/json\r\nContent-Length: {}\r\n{login}\r\n",
            self.address,
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat()).await
    }

    async fn send(&self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await??;
        parse(&String::from_utf8(answer).unwrap()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status: StatusCode = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut length = lines.filter_map(|line| line.split_once(": "));
    let (_, length) = length.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let whole = length.parse() == Ok(text.len());
    let body = serde_json::from_str(text).unwrap_or_default();
    whole.then(|| Answer { status, headers: HeaderMap::new(), body, text: text.to_owned() })
}
