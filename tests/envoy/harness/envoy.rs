//! One Envoy process: found, started in a directory of its own, and ended with the test whether that passes or not.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What a healthy log never has: a trap, or the panic that caused it.
const TRAPS: [&str; 5] = ["panicked", "in-VM backtrace", "Uncaught RuntimeError", "wasm trap", "Function: proxy_on_"];
const LOG: &str = "envoy.log";
const ADMIN_ADDRESS: &str = "admin-address.txt";

pub(crate) struct Envoy {
    child: Child,
    directory: PathBuf,
    /// Whether the test asks for traps.
    may_trap: bool,
}

impl Envoy {
    /// Starts Envoy in a directory that has its `bootstrap.json`.
    pub(crate) fn start(directory: PathBuf, workers: usize, may_trap: bool) -> Self {
        let log = File::create(directory.join(LOG)).expect("the test's directory is writable");
        let child = command(&directory)
            .args(["--concurrency", &workers.to_string(), "--disable-hot-restart"])
            .arg("--admin-address-path")
            .arg(directory.join(ADMIN_ADDRESS))
            .args(["--file-flush-interval-msec", "20", "--drain-time-s", "1", "--parent-shutdown-time-s", "2"])
            .stderr(log)
            .spawn()
            .expect("Envoy can be started");
        Self { child, directory, may_trap }
    }

    /// The admin server's address, once Envoy has written it down.
    pub(crate) fn admin_address(&self) -> Option<String> {
        fs::read_to_string(self.directory.join(ADMIN_ADDRESS)).ok().filter(|address| !address.is_empty())
    }

    /// Whether the process is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The memory that the process takes (Linux).
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Envoy runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
        line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("a number") * 1024
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.join(LOG)).unwrap_or_default()).into_owned()
    }

    /// What the filter itself logged so far: level and message.
    pub(crate) fn filter_log(&self) -> Vec<(String, String)> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| line.split_once("wasm log jwt_authorizer"));
        let level = |head: &str| head.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
        lines
            .map(|(head, message)| (level(head), message.split_once(": ").map_or(message, |(_, text)| text).to_owned()))
            .collect()
    }

    /// How often a VM of the filter trapped.
    pub(crate) fn traps(&self) -> usize {
        self.log().lines().filter(|line| line.contains("Function: proxy_on_")).count()
    }

    fn check_log(&self) {
        for line in self.log().lines() {
            assert!(self.may_trap || !is_trap(line), "Envoy's log shows a trap: {line}");
        }
        for (_, line) in self.filter_log() {
            assert!(!line.contains("eyJ"), "the filter logged a token: {line}");
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            eprintln!("Envoy's directory is kept: {}", self.directory.display());
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        } else {
            self.check_log();
            drop(fs::remove_dir_all(&self.directory));
        }
    }
}

/// Lets Envoy read a configuration and says what came of it: success, and the log.
pub(crate) fn validate(directory: &Path) -> (bool, String) {
    let output = command(directory).args(["--mode", "validate"]).output().expect("Envoy can be started");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn is_trap(line: &str) -> bool {
    TRAPS.iter().any(|trap| line.contains(trap))
}

fn command(directory: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .arg("--config-path")
        .arg(directory.join("bootstrap.json"))
        .args(["--log-level", "warning", "--component-log-level", "wasm:debug,config:info"])
        .args(["--log-format", "[%l][%n] %v"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A fresh directory under Cargo's own for tests.
pub(crate) fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("envoy-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Of a process that had the same number, something may be left.
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).expect("Cargo's directory for tests is writable");
    directory
}

/// The module under test.
pub(crate) fn module() -> PathBuf {
    found("JWT_AUTHORIZER_WASM", || Some(root().join("dist/jwt-authorizer.wasm")))
}

/// The same with a trap for requests that ask for it.
pub(crate) fn trapping_module() -> PathBuf {
    found("JWT_AUTHORIZER_TRAPPING_WASM", || Some(root().join("target/trapping/jwt-authorizer.wasm")))
}

fn binary() -> PathBuf {
    found("ENVOY_BIN", || {
        let versions = fs::read_dir(root().join("target/envoy")).ok()?;
        let binaries = versions.filter_map(|entry| Some(entry.ok()?.path().join("envoy/_bin/envoy")));
        binaries.filter(|binary| binary.exists()).max()
    })
}

fn found(variable: &str, default: impl FnOnce() -> Option<PathBuf>) -> PathBuf {
    let path = env::var_os(variable).map(PathBuf::from).or_else(default);
    path.filter(|path| path.exists())
        .unwrap_or_else(|| panic!("these tests need an Envoy and the built module: run `make test`, or set {variable}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
