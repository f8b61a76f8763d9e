//! A demo with a home, a state and a temporary folder of its own.

use crate::screen::{PATIENCE, Screen};
use castellan_terminal::{Size, Terminal};
use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    process::Command,
};

pub const SMALL: Size = (80, 24);
pub const WIDE: Size = (160, 50);

/// The demo on its screen, and the folders that it was given.
pub struct Stage {
    screen: Screen,
    folders: Folders,
}

/// Everything that a program takes for its user's, empty at first.
pub struct Folders {
    root: tempfile::TempDir,
}

impl Folders {
    pub fn new() -> Folders {
        let folders = Folders { root: tempfile::tempdir().expect("a folder") };
        for folder in [folders.home(), folders.temporary()] {
            std::fs::create_dir(folder).expect("a folder");
        }
        folders
    }

    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub fn temporary(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// Starts `castellan demo` with these options.
    pub fn start(self, options: &[&str], size: Size) -> Stage {
        let home = self.home();
        let under = |name: &str| home.join(name).display().to_string();
        let environment = [
            ("HOME", under("")),
            ("XDG_CONFIG_HOME", under(".config")),
            ("XDG_STATE_HOME", under(".local/state")),
            ("XDG_CACHE_HOME", under(".cache")),
            ("KUBECONFIG", under(".kube/config")),
            ("TMPDIR", self.temporary().display().to_string()),
            ("LANG", "C.UTF-8".into()),
            ("LC_ALL", "C.UTF-8".into()),
        ];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let arguments: Vec<String> = ["demo"].iter().chain(options).map(|word| word.to_string()).collect();
        let binary = env!("CARGO_BIN_EXE_castellan");
        let terminal = Terminal::start(binary, &arguments, &environment, size).expect("castellan starts");
        Stage { screen: Screen(terminal), folders: self }
    }
}

impl Stage {
    /// A demo with everything live.
    #[track_caller]
    pub fn open(options: &[&str], size: Size) -> Stage {
        let stage = Folders::new().start(options, size);
        stage.sees("Kubernetes live · Kafka live · throughput live");
        stage
    }

    /// What lies in the home, and in the folder of temporary files.
    pub fn left(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        (entries(&self.folders.home()), entries(&self.folders.temporary()))
    }

    pub fn resize(&mut self, size: Size) {
        self.screen.0.resize(size).expect("another size");
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.screen.0.pid().expect("it runs").to_string();
        assert!(Command::new("kill").args([format!("-{name}"), pid]).status().expect("kill runs").success());
    }

    /// Waits for its end; the exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> u32 {
        self.screen.0.wait_end(PATIENCE).unwrap_or_else(|error| panic!("{error}")).exit_code()
    }
}

impl Deref for Stage {
    type Target = Screen;

    fn deref(&self) -> &Screen {
        &self.screen
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Screen {
        &mut self.screen
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
