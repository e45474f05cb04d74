//! One Envoy process in its own directory. It is killed when the test ends, whether the test passes or fails.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What the log shows when a VM traps.
const TRAPS: [&str; 5] = ["panicked", "in-VM backtrace", "Uncaught RuntimeError", "wasm trap", "Function: proxy_on_"];
const LOG: &str = "envoy.log";
const ADMIN_ADDRESS: &str = "admin-address.txt";

pub(crate) struct Envoy {
    child: Child,
    directory: PathBuf,
    /// Whether the test provokes traps.
    may_trap: bool,
}

impl Envoy {
    /// Starts Envoy in a directory that contains its `bootstrap.json`.
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

    /// The address of the admin interface, once Envoy has written it to the file.
    pub(crate) fn admin_address(&self) -> Option<String> {
        fs::read_to_string(self.directory.join(ADMIN_ADDRESS)).ok().filter(|address| !address.is_empty())
    }

    /// Whether the process is running.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The resident memory of the process (Linux only).
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Envoy runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux reports VmRSS");
        line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("a number") * 1024
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.join(LOG)).unwrap_or_default()).into_owned()
    }

    /// The level and message of each line that the filter logged so far.
    pub(crate) fn filter_log(&self) -> Vec<(String, String)> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| line.split_once("wasm log jwt_authorizer"));
        let level = |head: &str| head.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
        lines
            .map(|(head, message)| (level(head), message.split_once(": ").map_or(message, |(_, text)| text).to_owned()))
            .collect()
    }

    /// How often a VM trapped.
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
            eprintln!("the directory of Envoy is kept: {}", self.directory.display());
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        } else {
            self.check_log();
            drop(fs::remove_dir_all(&self.directory));
        }
    }
}

/// Runs Envoy in validation mode; returns whether it accepted the configuration, and its log.
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

/// A new directory under `CARGO_TARGET_TMPDIR`.
pub(crate) fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("envoy-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // An earlier process with the same id may have left its directory.
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).expect("`CARGO_TARGET_TMPDIR` is writable");
    directory
}

/// The module under test.
pub(crate) fn module() -> PathBuf {
    find("JWT_AUTHORIZER_WASM", || Some(root().join("dist/jwt-authorizer.wasm")))
}

/// The module built with the feature `trap`, which traps when a request asks for it.
pub(crate) fn trapping_module() -> PathBuf {
    find("JWT_AUTHORIZER_TRAPPING_WASM", || Some(root().join("target/trapping/jwt-authorizer.wasm")))
}

fn binary() -> PathBuf {
    find("ENVOY_BIN", || {
        let versions = fs::read_dir(root().join("target/envoy")).ok()?;
        let binaries = versions.filter_map(|entry| Some(entry.ok()?.path().join("envoy/_bin/envoy")));
        binaries.filter(|binary| binary.exists()).max()
    })
}

fn find(variable: &str, default: impl FnOnce() -> Option<PathBuf>) -> PathBuf {
    let path = env::var_os(variable).map(PathBuf::from).or_else(default);
    path.filter(|path| path.exists())
        .unwrap_or_else(|| panic!("these tests need Envoy and the built module: run `make test`, or set {variable}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
